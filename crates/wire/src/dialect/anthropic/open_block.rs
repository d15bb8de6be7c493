//! Open blocks of a streamed answer, and what their ends say.

use super::{block::decode_block, gathered::Gathered};
use crate::model::StreamEvent;
use alloc::{boxed::Box, string::String, vec::Vec};
use compact_str::CompactString;

/// A block that has begun.
#[derive(Debug)]
pub(super) struct Block {
    /// What the provider calls it by.
    pub(super) index: u64,
    pub(super) part: u32,
    pub(super) kind: BlockKind,
}

#[derive(Debug)]
pub(super) enum BlockKind {
    /// Its parts come as deltas. `begun` once anything was said about it.
    Text { begun: bool },
    /// As for text.
    Thinking { begun: bool },
    /// `input` is what it began with, which counts where no deltas follow. `begun` once deltas did.
    ToolCall { id: String, input: Option<String>, begun: bool },
    /// Emitted when it is complete.
    Whole(Gathered),
}

impl Block {
    /// Whether it is the call of this id, and nothing but its name was said.
    pub(super) fn is_unbegun_call(&self, call: &str) -> bool {
        let BlockKind::ToolCall { id, input: None, begun: false } = &self.kind else { return false };
        !id.is_empty() && id == call
    }

    /// Says what is left to say of it.
    pub(super) fn end(self, events: &mut Vec<StreamEvent>) {
        let (choice, part) = (0, self.part);
        match self.kind {
            // An empty block is a part too.
            BlockKind::Text { begun: false } => {
                events.push(StreamEvent::TextDelta { choice, part, text: CompactString::default() });
            }
            BlockKind::Thinking { begun: false } => {
                events.push(StreamEvent::ReasoningDelta { choice, part, text: CompactString::default() });
            }
            BlockKind::Text { begun: true } | BlockKind::Thinking { begun: true } => {}
            BlockKind::ToolCall { input, .. } => {
                events.extend(input.map(|input| {
                    let arguments = input.into();
                    StreamEvent::ToolCallDelta { choice, part, arguments }
                }));
                events.push(StreamEvent::ToolCallEnd { choice, part });
            }
            BlockKind::Whole(gathered) => {
                let whole = gathered.whole();
                let whole = Box::new(decode_block(whole.value()));
                events.push(StreamEvent::Part { choice, index: part, part: whole });
            }
        }
    }
}
