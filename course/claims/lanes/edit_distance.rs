// Levenshtein's distance of two texts, one row of the table at a time.

pub fn edit_distance(a: &[u8], b: &[u8]) -> i64 {
    let mut row: Vec<i32> = (0..=b.len() as i32).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0]; // above and to the left
        let mut left = i as i32 + 1;
        row[0] = left;
        for (above, y) in row[1..].iter_mut().zip(b) {
            let changed = corner + i32::from(x != y);
            corner = *above;
            left = changed.min(corner + 1).min(left + 1);
            *above = left;
        }
    }
    i64::from(row[b.len()])
}
