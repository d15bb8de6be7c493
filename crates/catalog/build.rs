//! Packs the catalog's data for the crate: an index, and each provider's models separately, so that a program that uses
//! one provider unpacks only its models.

use serde_json::{Value, json};
use std::{env, error::Error, fs, io::Write, path::Path};

const DATA: &str = "data/catalog.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DATA}");
    let mut index: Value = serde_json::from_slice(&fs::read(DATA)?)?;
    let mut packed = Vec::new();
    for provider in index.get_mut("providers").and_then(Value::as_array_mut).ok_or("no providers")? {
        let models = provider.get_mut("models").ok_or("a provider without models")?;
        let start = packed.len();
        let mut encoder = flate2::write::DeflateEncoder::new(&mut packed, flate2::Compression::best());
        encoder.write_all(models.to_string().as_bytes())?;
        encoder.finish()?;
        *models = json!({"start": start, "end": packed.len()});
    }
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("index.json"), index.to_string())?;
    fs::write(Path::new(&out).join("models.deflate"), packed)?;
    Ok(())
}
