/* Words of texts to counts in a fixed number of columns, as hashing.rs does it. */
#include "common.h"

static uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }
static uint32_t mix(uint32_t k) { return rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u; }

static uint32_t murmur3(const unsigned char *data, long length) {
    uint32_t hash = 0, k;
    long i = 0;
    for (; i + 4 <= length; i += 4) {
        memcpy(&k, data + i, 4);
        hash = rotate(hash ^ mix(k), 13) * 5 + 0xe6546b64u;
    }
    if (i < length) {
        k = 0;
        for (long j = length; j-- > i;) k = k << 8 | data[j];
        hash ^= mix(k);
    }
    hash ^= (uint32_t)length;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

static int rising(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* A short row is sorted by insertion; qsort calls a function for each comparison. */
static void sort(uint32_t *row, long n) {
    if (n > 256) {
        qsort(row, n, sizeof *row, rising);
        return;
    }
    for (long i = 1; i < n; i++) {
        uint32_t one = row[i];
        long j = i;
        for (; j > 0 && row[j - 1] > one; j--) row[j] = row[j - 1];
        row[j] = one;
    }
}

/* Returns how many places were written; there is room for one for every two bytes. */
long hashed(const unsigned char *texts, const int64_t *ends, long count, long columns, int64_t *starts, int32_t *places,
            double *counts) {
    unsigned char lower[256] = {0};
    for (int b = '0'; b <= '9'; b++) lower[b] = b;
    for (int b = 'a'; b <= 'z'; b++) lower[b] = lower[b - 32] = b;
    lower['_'] = '_';
    long written = 0, from = 0, longest = 0;
    for (long t = 0; t < count; t++) longest = ends[t] - from > longest ? ends[t] - from : longest, from = ends[t];
    uint32_t *row = malloc((longest + 2) * sizeof(uint32_t));
    unsigned char *word = malloc(longest + 1);
    from = starts[0] = 0;
    for (long t = 0; t < count; t++) {
        long words = 0, length = 0;
        for (long i = from; i <= ends[t]; i++) {
            unsigned char kept = i < ends[t] ? lower[texts[i]] : 0;
            if (kept) {
                word[length++] = kept;
                continue;
            }
            if (length > 1) {
                int32_t hash = (int32_t)murmur3(word, length);
                uint32_t size = hash < 0 ? 0u - (uint32_t)hash : (uint32_t)hash;
                row[words++] = size % (uint32_t)columns << 1 | (hash < 0);
            }
            length = 0;
        }
        from = ends[t];
        sort(row, words);
        for (long i = 0; i < words; i++) {
            double sign = row[i] & 1 ? -1 : 1;
            if (written > starts[t] && places[written - 1] == (int32_t)(row[i] >> 1)) counts[written - 1] += sign;
            else places[written] = (int32_t)(row[i] >> 1), counts[written++] = sign;
        }
        starts[t + 1] = written;
    }
    free(row);
    free(word);
    return written;
}
