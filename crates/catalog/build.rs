//! Compresses the catalog's data into what the crate carries.

use std::{env, error::Error, fs, io::Write, path::Path};

const DATA: &str = "data/catalog.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DATA}");
    let out = env::var("OUT_DIR")?;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&fs::read(DATA)?)?;
    fs::write(Path::new(&out).join("catalog.json.deflate"), encoder.finish()?)?;
    Ok(())
}
