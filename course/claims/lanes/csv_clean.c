/* Read a CSV table and keep its complete rows, as csv_clean.rs does it. */
#include "common.h"

static const double powers[16] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/* 1 where the field is a number; the text it stands in ends with a zero byte, so strtod stops in time. */
static int number(const char *from, const char *end, double *value) {
    const char *p = from;
    int negative = p < end && *p == '-', seen = 0, after = -1;
    uint64_t whole = 0;
    for (p += negative; p < end; p++) {
        if (*p >= '0' && *p <= '9') whole = whole * 10 + (uint64_t)(*p - '0'), seen++;
        else if (*p == '.' && after < 0) after = seen;
        else break;
    }
    if (p < end || seen == 0 || seen > 15) {
        char *stop;
        *value = strtod(from, &stop);
        return stop == end;
    }
    *value = (double)whole / powers[after < 0 ? 0 : seen - after];
    if (negative) *value = -*value;
    return 1;
}

/* Returns the number of complete rows, or -(the number of the line that cannot be read). */
long csv_clean(const char *text, long length, const char *species, double *numbers, int64_t *codes) {
    const char *p = memchr(text, '\n', length), *end = text + length;
    long rows = 0, count = 1;
    for (p = p ? p + 1 : end; p < end;) {
        count++;
        const char *stop = memchr(p, '\n', end - p), *name = p, *name_end;
        if (!stop) stop = end;
        if (stop == p) {
            p++;
            continue;
        }
        if (*p == '"') {
            name = p + 1;
            name_end = memchr(name, '"', stop - name);
            if (!name_end || name_end + 1 >= stop || name_end[1] != ',') return -count;
            p = name_end + 2;
        } else {
            name_end = memchr(p, ',', stop - p);
            if (!name_end) return -count;
            p = name_end + 1;
        }
        int fields = 0, complete = 1, kept = 0;
        while (1) {
            const char *comma = p;
            while (comma < stop && *comma != ',') comma++; /* fields are short: memchr's start would cost more */
            if (++fields > 3) return -count;
            if (comma == p || (comma - p == 2 && p[0] == 'N' && p[1] == 'A')) complete = 0;
            else if (!number(p, comma, &numbers[rows * 3 + kept++])) return -count;
            p = comma + 1;
            if (comma == stop) break;
        }
        if (fields != 3) return -count;
        if (complete) {
            long code = 0, found = 0;
            for (const char *s = species; *s && !found; code++) {
                const char *line_end = strchr(s, '\n');
                if (!line_end) line_end = s + strlen(s);
                found = line_end - s == name_end - name && memcmp(s, name, name_end - name) == 0;
                s = *line_end ? line_end + 1 : line_end;
            }
            if (!found) return -count;
            codes[rows++] = code - 1;
        }
    }
    return rows;
}
