//! Where a server listens, and for how long.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A free port of 127.0.0.1 that is bound: who connects waits until a [`Host`] serves it.
#[derive(Debug)]
pub struct Port {
    listener: std::net::TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Binds a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn bind() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A thread that serves ports until this is dropped, and all their connections with it.
#[derive(Debug)]
pub struct Host {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Serves every connection with `serve`, which is told by which door it came: what the caller put
    /// beside the port, as whether TLS is spoken there.
    ///
    /// # Errors
    /// If no thread or no runtime can be had.
    pub fn start<D, F, W>(
        name: &str,
        ports: impl IntoIterator<Item = (Port, D)>,
        serve: F,
    ) -> io::Result<Self>
    where
        D: Copy + Send + 'static,
        F: Fn(TcpStream, D) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serve = Arc::new(serve);
        for (port, door) in ports {
            let _inside = runtime.enter();
            let listener = TcpListener::from_std(port.listener)?;
            runtime.spawn(accept(listener, door, Arc::clone(&serve)));
        }
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept<D, F, W>(listener: TcpListener, door: D, serve: Arc<F>)
where
    D: Copy,
    F: Fn(TcpStream, D) -> W,
    W: Future<Output = ()> + Send + 'static,
{
    loop {
        // A connection that is gone before it is accepted is no reason to end.
        if let Ok((socket, _)) = listener.accept().await {
            let _ = socket.set_nodelay(true);
            tokio::spawn(serve(socket, door));
        }
    }
}
