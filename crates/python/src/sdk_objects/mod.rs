//! Builder of the official SDKs' own model objects from JSON, equal to those of their `construct_type`.
//!
//! `ferrule/sdk_objects` describes a class or union when it is first used; `registry` makes a plan from it (`plan`).
//! JSON text is parsed into a flat list of values (`tape`), from which objects are built bottom up, in one of two ways:
//! as the SDK constructs (`constructed`: whatever does not match is kept), and, inside every union, as pydantic
//! validates (`validated`). Neither runs a constructor: `slots` allocates an object and fills it.
//!
//! If it is not certain what the SDK would build, the SDK itself builds the field, or at worst the whole object.

mod base64_floats;
mod builder;
mod constructed;
mod field_sets;
mod objects;
mod plan;
mod registry;
mod slots;
mod tape;
mod validated;
mod values;

pub(crate) use builder::{SdkBuilder, SdkModels};
