//! Pages: whatever a provider writes as the mark of the next page stays a parameter of the address that lists, and never
//! becomes another address.

use ferrule_wire::{
    dialect::{Dialect, registry},
    encode::EncodeOptions,
    operation::{ModelListRequest, ModelListing},
    quirks::Quirks,
};

const MARKS: [&str; 8] = [
    "http://evil.example/v1/models",
    "//evil.example",
    "../../admin",
    "x&key=stolen",
    "x#fragment",
    "x?y=z",
    "x\r\nhost: evil.example",
    "%2e%2e/%2e%2e",
];

fn path(dialect: &dyn Dialect, after: Option<&str>) -> Option<String> {
    let listing = dialect.operations().get::<ModelListing>()?;
    let request = ModelListRequest { after: after.map(str::to_owned) };
    let options = EncodeOptions { drop_unsupported: true, quirks: &Quirks::NONE };
    listing.encode_request(&request, options).ok().map(|encoded| encoded.path)
}

#[test]
fn marks_of_the_next_page_lead_nowhere_else() {
    let mut paged = Vec::new();
    for dialect in registry::all() {
        let Some(first) = path(dialect, None) else { continue };
        let place = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
        for mark in MARKS {
            let next = path(dialect, Some(mark)).unwrap();
            assert_eq!(place(&next), place(&first), "{} {mark}", dialect.name());
            let query = next.split_once('?').map_or("", |(_, query)| query);
            assert!(!query.contains(['#', '\r', '\n', '?', ' ']), "{} {next}", dialect.name());
            let names = |path: &str| path.matches('=').count();
            assert!(names(query) <= names(&first) + 1, "{} {next}", dialect.name());
            if !paged.contains(&dialect.name()) && next != first {
                paged.push(dialect.name());
            }
        }
    }
    // Those that have pages: an address among their answers would need a test of its own.
    assert!(["anthropic", "cohere", "gemini"].iter().all(|name| paged.contains(name)), "{paged:?}");
}
