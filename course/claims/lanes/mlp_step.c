/* Training steps of a network with one hidden layer, as mlp_step.rs does them. */
#include "common.h"

static void turn(const double *matrix, double *turned, long rows, long columns) {
    for (long i = 0; i < rows; i += 8)
        for (long j = 0; j < columns; j += 8)
            for (long r = i; r < rows && r < i + 8; r++)
                for (long c = j; c < columns && c < j + 8; c++) turned[c * rows + r] = matrix[r * columns + c];
}

static void descend(double *restrict parameters, const double *restrict gradient, long n, double rate) {
    for (long i = 0; i < n; i++) parameters[i] -= rate * gradient[i];
}

void train(const double *x, const int64_t *y, double *w1, long n, long inputs, long hidden, long classes, double rate,
           long steps, double *losses) {
    double *b1 = w1 + inputs * hidden, *w2 = b1 + hidden, *b2 = w2 + hidden * classes;
    long most = inputs * n > hidden * n ? inputs * n : hidden * n;
    if (hidden * classes > most) most = hidden * classes;
    double *h = malloc((2 * n * hidden + n * classes + most + inputs * hidden + hidden * classes) * sizeof(double));
    double *back = h + n * hidden, *z = back + n * hidden, *turned = z + n * classes, *g1 = turned + most, *g2 = g1 + inputs * hidden;
    for (long s = 0; s < steps; s++) {
        product(x, w1, h, n, inputs, hidden);
        for (long i = 0; i < n; i++)
            for (long j = 0; j < hidden; j++) {
                double v = h[i * hidden + j] + b1[j];
                h[i * hidden + j] = v > 0 ? v : 0;
            }
        product(h, w2, z, n, hidden, classes);
        double loss = 0;
        for (long i = 0; i < n; i++) {
            double *row = z + i * classes, top = -INFINITY, total = 0;
            for (long j = 0; j < classes; j++) row[j] += b2[j], top = row[j] > top ? row[j] : top;
            double own = row[y[i]] - top;
            for (long j = 0; j < classes; j += LANES) {
                long count = classes - j < LANES ? classes - j : LANES;
                eight v = all(top);
                memcpy(&v, row + j, count * sizeof(double));
                v = exp8(v - top);
                memcpy(row + j, &v, count * sizeof(double));
            }
            for (long j = 0; j < classes; j++) total += row[j];
            loss += log(total) - own;
            for (long j = 0; j < classes; j++) row[j] /= total * (double)n;
            row[y[i]] -= 1 / (double)n;
        }
        losses[s] = loss / (double)n;
        turn(w2, turned, hidden, classes);
        product(z, turned, back, n, classes, hidden);
        for (long i = 0; i < n * hidden; i++) back[i] = h[i] > 0 ? back[i] : 0;
        turn(h, turned, n, hidden);
        product(turned, z, g2, hidden, n, classes);
        turn(x, turned, n, inputs);
        product(turned, back, g1, inputs, n, hidden);
        descend(w1, g1, inputs * hidden, rate);
        descend(w2, g2, hidden * classes, rate);
        for (long i = 0; i < n; i++) {
            descend(b1, back + i * hidden, hidden, rate);
            descend(b2, z + i * classes, classes, rate);
        }
    }
    free(h);
}
