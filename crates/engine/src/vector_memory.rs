//! Memory of vector formats: providers that refuse base64 are not asked for it again.

use ferrule_wire::{model::ProviderError, operation::VectorFormat};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// The formats in the order in which they are asked for.
const FORMATS: [VectorFormat; 3] = [VectorFormat::Base64, VectorFormat::Numbers, VectorFormat::Usual];

/// The format of vectors that a provider is asked for. Shared between the engines that follow each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct VectorMemory(Arc<AtomicU8>);

impl VectorMemory {
    /// The format to ask for.
    pub(crate) fn format(&self) -> VectorFormat {
        let place = usize::from(self.0.load(Ordering::Relaxed));
        FORMATS.get(place).copied().unwrap_or(VectorFormat::Usual)
    }

    /// Remembers that `format` was refused. Whether there is another one to ask for.
    pub(crate) fn refused(&self, format: VectorFormat) -> bool {
        let refused = FORMATS.iter().position(|known| *known == format).unwrap_or_default();
        let next = refused + 1;
        // Several requests of one call may be refused at once.
        self.0.fetch_max(u8::try_from(next).unwrap_or(u8::MAX), Ordering::Relaxed);
        next < FORMATS.len()
    }
}

/// Whether an error refuses the format of vectors that was asked for.
pub(crate) fn refuses_format(error: &ProviderError) -> bool {
    let names_it = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("encoding_format") || text.contains("base64")
    };
    // A proxy may report its upstream's refusal as a failure of its own.
    matches!(error.status, Some(400 | 415 | 422 | 500 | 501))
        && (names_it(&error.message) || error.param.as_deref().is_some_and(names_it) || names_it(&error.body))
}
