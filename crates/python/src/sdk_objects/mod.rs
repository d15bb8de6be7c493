//! Builder of the official SDKs' own model objects from JSON, equal to what their `construct_type` builds.
//!
//! `ferrule/sdk_objects` describes a class or union when it is first met; `registry` makes a plan of it (`plan`). JSON
//! text is read into a flat list of its values (`tape`), and of these the objects are built bottom up, in one of two
//! ways: as the SDK constructs (`constructed`: whatever does not match is kept), and, inside every union, as pydantic
//! validates (`validated`). Neither runs a constructor: `slots` allocates an object and fills it.
//!
//! Where it is not certain what the SDK would build, the SDK builds it: the field, or at worst the whole object.

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
