//! Operations table: which operations there are besides chat. What has a place for each of them is made of it: a
//! dialect's codecs here, a server's requests and responses in `server/api.rs`.

use super::{
    codec::{Codec, Operation},
    embeddings::Embeddings,
    images::Images,
    kind::OperationKind,
    model_listing::ModelListing,
    reranking::Reranking,
    speech::Speech,
    token_counting::TokenCounting,
    transcription::Transcription,
};
use core::fmt;

/// An operation that has a place in the table.
pub trait Listed: Operation {
    /// The codec of the dialect whose `operations` these are.
    fn codec(operations: &Operations) -> Option<&'static dyn Codec<Self>>;
}

/// The table: calls `$then` with a line for each operation, the name of its codec's field and its type.
macro_rules! with_operations {
    ($then:ident) => {
        $then! {
            embeddings: Embeddings,
            reranking: Reranking,
            images: Images,
            speech: Speech,
            transcription: Transcription,
            token_counting: TokenCounting,
            model_listing: ModelListing,
        }
    };
}
pub(crate) use with_operations;

macro_rules! operations {
    ($($field:ident: $operation:ident,)*) => {
        /// The operations that a dialect has besides chat, each with its codec.
        #[derive(Clone, Copy)]
        pub struct Operations {
            $(
                #[doc = concat!("The codec of [`", stringify!($operation), "`].")]
                pub $field: Option<&'static dyn Codec<$operation>>,
            )*
        }

        impl Operations {
            /// Every operation that has a place here.
            pub const LISTED: &[OperationKind] = &[$($operation::KIND,)*];

            /// Chat alone.
            pub const NONE: Self = Self { $($field: None,)* };

            /// The operations other than chat.
            pub fn kinds(&self) -> impl Iterator<Item = OperationKind> {
                [$(self.$field.map(|_| $operation::KIND),)*].into_iter().flatten()
            }
        }

        $(
            impl Listed for $operation {
                fn codec(operations: &Operations) -> Option<&'static dyn Codec<Self>> {
                    operations.$field
                }
            }
        )*
    };
}

with_operations!(operations);

const _: () = assert!(
    Operations::LISTED.len() + 1 == OperationKind::ALL.len(),
    "an operation of operation/kind.rs has no line in `with_operations!`"
);

impl Operations {
    /// The codec of one operation; `None` where the dialect does not have it.
    pub fn get<O: Listed>(&self) -> Option<&'static dyn Codec<O>> {
        O::codec(self)
    }

    /// Whether the dialect has the operation; every dialect has chat.
    pub fn has(&self, kind: OperationKind) -> bool {
        kind == OperationKind::Chat || self.kinds().any(|one| one == kind)
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.kinds()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_but_chat_has_a_place() {
        assert_eq!(OperationKind::ALL[0], OperationKind::Chat);
        assert_eq!(&OperationKind::ALL[1..], Operations::LISTED);
        assert!(Operations::NONE.has(OperationKind::Chat) && !Operations::NONE.has(OperationKind::Images));
    }
}
