/* Each column to mean 0 and standard deviation 1 (a constant column is only centred), as standardise.rs does it. */
#include "common.h"

struct job { const double *x; double *out; long d; double *means, *squares, *counts, *mean, *factor; };

static void merge(double *count, double *mean, double *squares, long d, double n, const double *m, const double *s) {
    double total = *count + n;
    for (long j = 0; j < d; j++) {
        double delta = m[j] - mean[j];
        mean[j] += delta * n / total;
        squares[j] += s[j] + delta * delta * *count * n / total;
    }
    *count = total;
}

static void moments(void *context, long part, long from, long to) {
    struct job *job = context;
    long d = job->d, rows = 2048 / d < 4 ? 4 : 2048 / d;
    double *restrict mean = job->means + part * d, *restrict squares = job->squares + part * d;
    double sums[d], own[d];
    for (long start = from; start < to; start += rows) {
        long end = start + rows < to ? start + rows : to, i = start;
        for (long j = 0; j < d; j++) sums[j] = own[j] = 0;
        for (; i + 4 <= end; i += 4) {
            const double *a = job->x + i * d, *b = a + d, *c = b + d, *e = c + d;
            for (long j = 0; j < d; j++) sums[j] += (a[j] + b[j]) + (c[j] + e[j]);
        }
        for (; i < end; i++)
            for (long j = 0; j < d; j++) sums[j] += job->x[i * d + j];
        for (long j = 0; j < d; j++) sums[j] /= (double)(end - start);
        for (i = start; i + 4 <= end; i += 4) {
            const double *a = job->x + i * d, *b = a + d, *c = b + d, *e = c + d;
            for (long j = 0; j < d; j++) {
                double m = sums[j], p = a[j] - m, q = b[j] - m, r = c[j] - m, s = e[j] - m;
                own[j] += (p * p + q * q) + (r * r + s * s);
            }
        }
        for (; i < end; i++)
            for (long j = 0; j < d; j++) own[j] += (job->x[i * d + j] - sums[j]) * (job->x[i * d + j] - sums[j]);
        merge(&job->counts[part], mean, squares, d, (double)(end - start), sums, own);
    }
}

static void transform(void *context, long part, long from, long to) {
    struct job *job = context;
    long d = job->d;
    const double *restrict mean = job->mean, *restrict factor = job->factor;
    for (long i = from; i < to; i++) {
        const double *row = job->x + i * d;
        double *restrict out = job->out + i * d;
        for (long j = 0; j < d; j++) out[j] = (row[j] - mean[j]) * factor[j];
    }
}

void standardise(const double *x, double *out, long rows, long d, long threads) {
    double *kept = calloc((2 * threads + 3) * d + threads + 1, sizeof(double));
    double *mean = kept + 2 * threads * d, *squares = mean + d, *factor = squares + d, *counts = factor + d, count = 0;
    struct job job = {x, out, d, kept, kept + threads * d, counts, mean, factor};
    parallel(rows, threads, 4, moments, &job);
    for (long t = 0; t < threads; t++)
        if (counts[t] > 0) merge(&count, mean, squares, d, counts[t], job.means + t * d, job.squares + t * d);
    for (long j = 0; j < d; j++) factor[j] = squares[j] > 0 ? 1 / sqrt(squares[j] / count) : 1;
    parallel(rows, threads, 4, transform, &job);
    free(kept);
}
