/* The first principal components from the covariance matrix, as pca.rs finds them. */
#include "common.h"

struct job { const double *x; long d; struct gram *grams; };

static void gather(void *context, long part, long from, long to) {
    struct job *job = context;
    long d = job->d;
    double line[d + 1];
    line[d] = 1;
    for (long i = from; i < to; i++) {
        for (long j = 0; j < d; j++) line[j] = job->x[i * d + j] - job->x[j];
        gram_push(&job->grams[part], line, d + 1, 1.0);
    }
    gram_flush(&job->grams[part]);
}

static void rotate(double *restrict x, double *restrict y, long d, double c, double s) {
    for (long i = 0; i < d; i++) {
        double u = x[i], v = y[i];
        x[i] = c * u - s * v;
        y[i] = s * u + c * v;
    }
}

static void jacobi(double *a, double *vectors, long d) {
    double total = 0;
    for (long i = 0; i < d * d; i++) total += a[i] * a[i];
    for (int sweep = 0; sweep < 60; sweep++) {
        double beside = 0;
        for (long i = 0; i < d; i++)
            for (long j = 0; j < i; j++) beside += a[i * d + j] * a[i * d + j];
        if (beside <= 1e-30 * total) return;
        for (long p = 0; p < d; p++)
            for (long q = p + 1; q < d; q++) {
                if (a[p * d + q] == 0) continue;
                double theta = (a[q * d + q] - a[p * d + p]) / (2 * a[p * d + q]);
                double t = copysign(1.0, theta) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
                rotate(a + p * d, a + q * d, d, c, s);
                for (long i = 0; i < d; i++) {
                    double x = a[i * d + p], y = a[i * d + q];
                    a[i * d + p] = c * x - s * y;
                    a[i * d + q] = s * x + c * y;
                }
                rotate(vectors + p * d, vectors + q * d, d, c, s);
            }
    }
}

void pca(const double *x, long n, long d, long k, long threads, double *components, double *variances) {
    struct gram grams[threads];
    for (long t = 0; t < threads; t++) grams[t] = gram_new(d + 1);
    struct job job = {x, d, grams};
    parallel(n, threads, 1, gather, &job);
    double *a = malloc(2 * d * d * sizeof(double)), *vectors = a + d * d;
    for (long j = 0; j < d; j++)
        for (long l = 0; l < d; l++) {
            double both = 0, left = 0, right = 0;
            for (long t = 0; t < threads; t++) {
                both += gram_get(&grams[t], j, l);
                left += gram_get(&grams[t], j, d);
                right += gram_get(&grams[t], l, d);
            }
            a[j * d + l] = (both - left * right / n) / (n - 1);
            vectors[j * d + l] = j == l;
        }
    for (long t = 0; t < threads; t++) gram_free(&grams[t]);
    jacobi(a, vectors, d);
    char taken[d];
    memset(taken, 0, d);
    for (long c = 0; c < k; c++) {
        long best = -1;
        for (long i = 0; i < d; i++)
            if (!taken[i] && (best < 0 || a[i * d + i] > a[best * d + best])) best = i;
        taken[best] = 1;
        variances[c] = a[best * d + best];
        double largest = 0;
        for (long j = 0; j < d; j++)
            if (fabs(vectors[best * d + j]) > fabs(largest)) largest = vectors[best * d + j];
        for (long j = 0; j < d; j++) components[c * d + j] = copysign(1.0, largest) * vectors[best * d + j];
    }
    free(a);
}
