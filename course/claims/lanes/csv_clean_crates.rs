/// With the crate `csv`, reusing one record, and the standard library's numbers.
pub fn with_csv(text: &str, species: &str) -> Result<(Vec<f64>, Vec<i64>), String> {
    let species: Vec<&[u8]> = species.split('\n').map(str::as_bytes).collect();
    let (mut numbers, mut codes) = (Vec::new(), Vec::new());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        let wrong = || format!("a record that cannot be read: {record:?}");
        let start = numbers.len();
        for field in record.iter().skip(1).filter(|f| !f.is_empty() && *f != b"NA") {
            let field = std::str::from_utf8(field).map_err(|_| wrong())?;
            numbers.push(field.parse::<f64>().map_err(|_| wrong())?);
        }
        if numbers.len() == start + 3 {
            codes.push(species.iter().position(|s| *s == &record[0]).ok_or_else(wrong)? as i64);
        } else {
            numbers.truncate(start);
        }
    }
    Ok((numbers, codes))
}
