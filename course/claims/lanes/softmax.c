/* Softmax of each row: exp(x - largest) / sum, eight numbers at a time, as softmax.rs does it. */
#include "common.h"

struct job { const double *x; double *out; long d; };

static void one(const double *row, double *out, long d) {
    eight largest = all(-INFINITY), sums = all(0);
    long i = 0;
    for (; i + LANES <= d; i += LANES) {
        eight v = *(const eight *)(row + i);
        largest = choose(v > largest, v, largest);
    }
    double top = -INFINITY;
    for (int l = 0; l < LANES; l++) top = largest[l] > top ? largest[l] : top;
    for (; i < d; i++) top = row[i] > top ? row[i] : top;
    for (i = 0; i + LANES <= d; i += LANES) {
        eight e = exp8(*(const eight *)(row + i) - top);
        *(eight *)(out + i) = e;
        sums += e;
    }
    double total = sum8(sums);
    if (i < d) {
        eight last = all(top);
        memcpy(&last, row + i, (d - i) * sizeof(double));
        eight e = exp8(last - top);
        memcpy(out + i, &e, (d - i) * sizeof(double));
        for (; i < d; i++) total += out[i];
    }
    double factor = 1 / total;
    for (long j = 0; j < d; j++) out[j] *= factor;
}

static void rows(void *context, long part, long from, long to) {
    struct job *job = context;
    for (long i = from; i < to; i++) one(job->x + i * job->d, job->out + i * job->d, job->d);
}

void softmax(const double *x, double *out, long n, long d, long threads) {
    struct job job = {x, out, d};
    parallel(n, threads, 1, rows, &job);
}
