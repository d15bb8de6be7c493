//! Operations of a dialect: those other than chat that it has, each with its codec. Made of the table in `kind.rs`.

use super::{
    codec::{Codec, Operation},
    kind::OperationKind,
};
use core::fmt;

/// An operation that has a place in the table.
pub trait Listed: Operation {
    /// The codec of the dialect whose `operations` these are.
    fn codec(operations: &Operations) -> Option<&'static dyn Codec<Self>>;
}

macro_rules! operations {
    ($($meaning:literal $field:ident: $operation:ident => $method:literal,)*) => {
        /// The operations that a dialect has other than chat, each with its codec.
        #[derive(Clone, Copy)]
        pub struct Operations {
            $(
                #[doc = concat!("The codec of [`super::", stringify!($operation), "`].")]
                pub $field: Option<&'static dyn Codec<super::$operation>>,
            )*
        }

        impl Operations {
            /// Every operation that has a place here.
            pub const LISTED: &[OperationKind] = &[$(super::$operation::KIND,)*];

            /// Chat alone.
            pub const NONE: Self = Self { $($field: None,)* };

            /// The operations other than chat.
            pub fn kinds(&self) -> impl Iterator<Item = OperationKind> {
                [$(self.$field.map(|_| super::$operation::KIND),)*].into_iter().flatten()
            }
        }

        $(
            impl Listed for super::$operation {
                fn codec(operations: &Operations) -> Option<&'static dyn Codec<Self>> {
                    operations.$field
                }
            }
        )*
    };
}

with_operations!(operations);

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
