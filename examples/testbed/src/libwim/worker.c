/*
 * Compresses and decompresses XPRESS blocks with libwim, and times it. See mod.rs.
 *
 * A request is four numbers (operation, level, passes, count) and `count` blocks: the size of the
 * plain bytes, the size of what follows, the bytes. The answer is the nanoseconds that all passes
 * over all blocks took together, and the results: a size and the bytes. FAILED is the size of what
 * could not be done. Numbers are 32 bits in the machine's order, the nanoseconds 64.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <wimlib.h>

enum { COMPRESS = 1, DECOMPRESS = 2, MAX_BLOCK = 65536 };
#define FAILED UINT32_MAX

struct block {
	uint32_t plain, size, result_size;
	uint8_t *bytes, *result;
};

static void get(void *to, size_t size)
{
	if (size != 0 && fread(to, 1, size, stdin) != size)
		exit(1);
}

static void put(const void *from, size_t size)
{
	if (fwrite(from, 1, size, stdout) != size)
		exit(1);
}

static void *allocate(size_t size)
{
	void *bytes = malloc(size + 1);
	if (bytes == NULL)
		exit(1);
	return bytes;
}

static uint64_t nanoseconds(void)
{
	struct timespec now;
	/* Not what others do with the processor meanwhile. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int main(void)
{
	struct wimlib_decompressor *decompressor;
	uint32_t request[4];

	if (wimlib_create_decompressor(WIMLIB_COMPRESSION_TYPE_XPRESS, MAX_BLOCK, &decompressor) != 0)
		return 1;
	while (fread(request, sizeof request, 1, stdin) == 1) {
		uint32_t operation = request[0], level = request[1], passes = request[2], count = request[3];
		struct wimlib_compressor *compressor;
		struct block *blocks = allocate(count * sizeof *blocks);

		if (wimlib_create_compressor(WIMLIB_COMPRESSION_TYPE_XPRESS, MAX_BLOCK, level, &compressor) != 0)
			return 1;
		for (uint32_t i = 0; i < count; i++) {
			struct block *block = &blocks[i];
			get(&block->plain, sizeof block->plain);
			get(&block->size, sizeof block->size);
			block->bytes = allocate(block->size);
			block->result = allocate(block->plain);
			get(block->bytes, block->size);
		}
		uint64_t start = nanoseconds();
		for (uint32_t pass = 0; pass < passes; pass++)
			for (uint32_t i = 0; i < count; i++) {
				struct block *block = &blocks[i];
				size_t size;
				if (operation == COMPRESS)
					size = wimlib_compress(block->bytes, block->size, block->result,
							       block->size, compressor);
				else
					size = wimlib_decompress(block->bytes, block->size, block->result,
								 block->plain, decompressor) == 0
						? block->plain : 0;
				block->result_size = size == 0 ? FAILED : (uint32_t)size;
			}
		uint64_t took = nanoseconds() - start;
		put(&took, sizeof took);
		for (uint32_t i = 0; i < count; i++) {
			struct block *block = &blocks[i];
			put(&block->result_size, sizeof block->result_size);
			if (block->result_size != FAILED)
				put(block->result, block->result_size);
			free(block->bytes);
			free(block->result);
		}
		free(blocks);
		wimlib_free_compressor(compressor);
		if (fflush(stdout) != 0)
			return 1;
	}
	wimlib_free_decompressor(decompressor);
	return 0;
}
