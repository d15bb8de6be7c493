//! Memory of vector formats: base64 is not requested again from providers that refuse it.

use ferrule_wire::{model::ProviderError, operation::VectorFormat};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// The formats in the order in which they are requested.
const FORMATS: [VectorFormat; 3] = [VectorFormat::Base64, VectorFormat::Numbers, VectorFormat::Usual];

/// The vector format to request from a provider. Shared between successive engines.
#[derive(Clone, Debug, Default)]
pub(crate) struct VectorMemory(Arc<AtomicU8>);

impl VectorMemory {
    /// The format to request.
    pub(crate) fn format(&self) -> VectorFormat {
        let place = usize::from(self.0.load(Ordering::Relaxed));
        FORMATS.get(place).copied().unwrap_or(VectorFormat::Usual)
    }

    /// Remembers that `format` was refused. Returns whether there is another one to request.
    pub(crate) fn refused(&self, format: VectorFormat) -> bool {
        let refused = FORMATS.iter().position(|known| *known == format).unwrap_or_default();
        let next = refused + 1;
        // Several requests of one call may be refused at once.
        self.0.fetch_max(u8::try_from(next).unwrap_or(u8::MAX), Ordering::Relaxed);
        next < FORMATS.len()
    }
}

/// Whether an error refuses the requested vector format.
pub(crate) fn refuses_format(error: &ProviderError) -> bool {
    let names_it = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("encoding_format") || text.contains("base64")
    };
    // A proxy may report its upstream's refusal as its own failure.
    matches!(error.status, Some(400 | 415 | 422 | 500 | 501))
        && (names_it(&error.message) || error.param.as_deref().is_some_and(names_it) || names_it(&error.body))
}
