/* Lloyd's k-means from given centroids, a fixed number of rounds, as kmeans.rs does it. */
#include "common.h"

struct job {
    const double *x, *points, *centroids;
    long d, k, last;
    int64_t *labels;
    double *sums, *counts, *inertia;
};

static void nearest(struct job *job, long from, long to) {
    long d = job->d, k = job->k;
    double *packed = malloc((k + MR) * d * sizeof(double)), squares[k + MR];
    for (long g = 0; g < k; g += MR) pack_rows(job->centroids + g * d, d, k - g < MR ? k - g : MR, d, packed + g * d, MR);
    for (long c = 0; c < k; c++) {
        squares[c] = 0;
        for (long j = 0; j < d; j++) squares[c] += job->centroids[c * d + j] * job->centroids[c * d + j];
    }
    for (long start = from; start < to; start += NR) {
        double least[NR];
        int64_t which[NR];
        for (int j = 0; j < NR; j++) least[j] = INFINITY, which[j] = 0;
        for (long g = 0; g < k; g += MR) {
            eight found[MR][NV];
            tile(packed + g * d, job->points + start * d, d, found);
            for (long i = 0; i < MR && g + i < k; i++) {
                const double *f = (const double *)found[i];
                for (int j = 0; j < NR; j++) {
                    double distance = squares[g + i] - 2 * f[j];
                    which[j] = distance < least[j] ? g + i : which[j];
                    least[j] = distance < least[j] ? distance : least[j];
                }
            }
        }
        memcpy(job->labels + start, which, (to - start < NR ? to - start : NR) * sizeof(int64_t));
    }
    free(packed);
}

static void round_of(void *context, long part, long from, long to) {
    struct job *job = context;
    long d = job->d, k = job->k;
    nearest(job, from, to);
    double *restrict sums = job->sums + part * k * d, *restrict counts = job->counts + part * k, inertia = 0;
    if (job->last) {
        for (long i = from; i < to; i++) {
            const double *c = job->centroids + job->labels[i] * d, *row = job->x + i * d;
            for (long j = 0; j < d; j++) inertia += (row[j] - c[j]) * (row[j] - c[j]);
        }
        job->inertia[part] = inertia;
        return;
    }
    memset(sums, 0, k * d * sizeof(double));
    memset(counts, 0, k * sizeof(double));
    for (long i = from; i < to; i++) {
        long label = job->labels[i];
        const double *row = job->x + i * d;
        double *restrict sum = sums + label * d;
        counts[label] += 1;
        for (long j = 0; j < d; j++) sum[j] += row[j];
    }
}

double kmeans(const double *x, double *centroids, long n, long d, long k, long rounds, long threads, int64_t *labels) {
    double *points = panels(x, n, d), *sums = malloc(threads * (k * d + k + 1) * sizeof(double)), inertia = 0;
    double *counts = sums + threads * k * d, *inertias = counts + threads * k;
    struct job job = {x, points, centroids, d, k, 0, labels, sums, counts, inertias};
    for (long r = 0; r <= rounds; r++) {
        job.last = r == rounds;
        parallel(n, threads, NR, round_of, &job);
        if (job.last) break;
        for (long t = 1; t < threads; t++) {
            for (long j = 0; j < k * d; j++) sums[j] += sums[t * k * d + j];
            for (long c = 0; c < k; c++) counts[c] += counts[t * k + c];
        }
        for (long c = 0; c < k; c++)
            if (counts[c] > 0) for (long j = 0; j < d; j++) centroids[c * d + j] = sums[c * d + j] / counts[c];
    }
    for (long t = 0; t < threads; t++) inertia += inertias[t];
    free(points);
    free(sums);
    return inertia;
}
