/* Levenshtein's distance of two texts, one row of the table at a time, as edit_distance.rs finds it. */
#include "common.h"

static inline int least(int a, int b) { return a < b ? a : b; }

long edit_distance(const unsigned char *a, long m, const unsigned char *b, long n) {
    int *row = malloc((n + 1) * sizeof(int));
    for (long j = 0; j <= n; j++) row[j] = (int)j;
    for (long i = 0; i < m; i++) {
        int corner = row[0], left = (int)i + 1;
        row[0] = left;
        for (long j = 0; j < n; j++) {
            int changed = corner + (a[i] != b[j]);
            corner = row[j + 1];
            left = least(least(changed, corner + 1), left + 1);
            row[j + 1] = left;
        }
    }
    long found = row[n];
    free(row);
    return found;
}
