//! Token usage of a response.

use crate::json::Extra;

/// Tokens used. `None` means that the provider did not say, which is not zero.
///
/// The figures are whole: `input_tokens` counts everything the prompt cost, cache reads and writes included, and
/// `output_tokens` everything the answer cost, reasoning included. Providers that report parts are added up by their
/// dialects; the parts are `…_tokens` of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// The whole prompt.
    pub input_tokens: Option<u64>,
    /// The whole answer.
    pub output_tokens: Option<u64>,
    /// Of the prompt, read from a cache.
    pub cache_read_tokens: Option<u64>,
    /// Of the prompt, written to a cache, however long it is kept.
    pub cache_write_tokens: Option<u64>,
    /// Of the prompt, written to a cache for five minutes.
    pub cache_write_5m_tokens: Option<u64>,
    /// Of the prompt, written to a cache for thirty minutes.
    pub cache_write_30m_tokens: Option<u64>,
    /// Of the prompt, written to a cache for one hour.
    pub cache_write_1h_tokens: Option<u64>,
    /// Of the prompt, written to a cache for twelve hours.
    pub cache_write_12h_tokens: Option<u64>,
    /// Of the answer, reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Of the prompt, audio.
    pub input_audio_tokens: Option<u64>,
    /// Of the answer, audio.
    pub output_audio_tokens: Option<u64>,
    /// Figures without a name of their own here, and the provider's own total where it differs from ours.
    pub extra: Extra,
}

/// Every figure, given to a macro.
macro_rules! with_all_figures {
    ($macro:ident) => {
        $macro!(
            input_tokens,
            output_tokens,
            cache_read_tokens,
            cache_write_tokens,
            cache_write_5m_tokens,
            cache_write_30m_tokens,
            cache_write_1h_tokens,
            cache_write_12h_tokens,
            reasoning_tokens,
            input_audio_tokens,
            output_audio_tokens
        )
    };
}

impl Usage {
    /// A prompt that is smaller than what was read of it from a cache leaves that out: it is added.
    pub(crate) fn include_cached(&mut self) {
        if let (Some(input), Some(cached)) = (self.input_tokens, self.cache_read_tokens)
            && cached > input
        {
            self.input_tokens = Some(input.saturating_add(cached));
        }
    }

    /// What two answers used together: figures that both have, else they are unknown.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        macro_rules! sums {
            ($($field:ident),*) => {
                Self {
                    $($field: self.$field.zip(other.$field).map(|(one, two)| one.saturating_add(two)),)*
                    extra: Extra::new(),
                }
            };
        }
        with_all_figures!(sums)
    }

    /// These figures, and `other`'s on top as far as they are known: of another answer that counts into the same bill.
    #[must_use]
    pub fn plus_known(mut self, other: &Self) -> Self {
        macro_rules! add {
            ($($field:ident),*) => {$(
                if let Some(more) = other.$field {
                    self.$field = Some(self.$field.unwrap_or_default().saturating_add(more));
                }
            )*};
        }
        with_all_figures!(add);
        self
    }

    /// What several answers used together, as [`Usage::plus`] has it; nothing is known where there are none.
    pub fn sum<'a>(usages: impl IntoIterator<Item = &'a Self>) -> Self {
        usages.into_iter().cloned().reduce(|sum, usage| sum.plus(&usage)).unwrap_or_default()
    }

    /// What was written to a cache, by how long it is kept, added up; `None` where the provider does not distinguish
    /// times.
    pub fn sum_of_cache_writes(&self) -> Option<u64> {
        let parts = [
            self.cache_write_5m_tokens,
            self.cache_write_30m_tokens,
            self.cache_write_1h_tokens,
            self.cache_write_12h_tokens,
        ];
        parts.into_iter().flatten().reduce(u64::saturating_add)
    }

    /// As [`Usage::update`], with what a stream says later on: a zero does not replace what is known of the prompt,
    /// which some servers fill in for what they leave out.
    pub fn advance(&mut self, later: &Self) {
        macro_rules! keep_known {
            ($later:ident, $($field:ident),*) => {$(
                $later.$field = $later.$field.filter(|figure| *figure > 0 || self.$field.is_none());
            )*};
        }
        let mut later = later.clone();
        keep_known!(
            later,
            input_tokens,
            cache_read_tokens,
            cache_write_tokens,
            cache_write_5m_tokens,
            cache_write_30m_tokens,
            cache_write_1h_tokens,
            cache_write_12h_tokens,
            input_audio_tokens
        );
        self.update(&later);
    }

    /// Takes over every figure that `later` has: totals so far replace earlier ones, they are never summed.
    pub fn update(&mut self, later: &Self) {
        macro_rules! take_over {
            ($($field:ident),*) => {$(
                if later.$field.is_some() {
                    self.$field = later.$field;
                }
            )*};
        }
        with_all_figures!(take_over);
        for (name, value) in later.extra.iter() {
            self.extra.insert(name, value.clone());
        }
    }
}
