//! A user of SOGo over ActiveSync, and a store that is kept in step with it.

use sync_core::Source;
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::model::{Both, CollectionPath, KindSet};
use sync_core::reconcile::{Rules, Selection};
use sync_core::state::SqliteState;
use testbed::Sogo;

use super::source;

pub(super) struct World {
    pub(super) sogo: Sogo,
    state: SqliteState,
    /// The collections that are kept in step.
    pub(super) names: Vec<String>,
}

impl World {
    /// With the first collection of this kind.
    pub(super) async fn of(kinds: KindSet) -> Self {
        let sogo = Sogo::start().unwrap();
        let folders = source(&sogo, "alice", "test01")
            .collections()
            .await
            .unwrap();
        let found = folders.into_iter().find(|c| c.kinds == kinds).unwrap();
        Self {
            sogo,
            state: SqliteState::in_memory().unwrap(),
            names: vec![found.path.to_string()],
        }
    }

    /// One run between this store and the server.
    pub(super) async fn run(&mut self, store: &mut (impl Source + 'static)) -> Report {
        let mut eas = source(&self.sogo, "alice", "test01");
        let patterns = self.names.iter().map(|name| CollectionPath::parse(name));
        let rules = Rules {
            collections: Selection::new(patterns.map(|path| path.to_string())),
            ..Rules::default()
        };
        let engine = Engine::new("test", rules);
        let (left, right): (&mut dyn Source, &mut dyn Source) = (store, &mut eas);
        let sides = Both::new(left, right);
        engine
            .run(sides, &mut self.state, Mode::Sync, &Silent)
            .await
            .unwrap()
    }

    /// Fails unless a run writes nothing and has nothing to tell.
    #[track_caller]
    pub(super) fn quiet(report: &Report) {
        assert!(report.writes() == 0 && report.is_settled(), "{report}");
    }
}
