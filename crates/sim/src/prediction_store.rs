//! Prediction store: requests whose answers are fetched later by id.

use bytes::Bytes;
use ferrule_wire::model::Request;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The maximum number of predictions that are remembered; beyond it all are removed.
const MAX_PREDICTIONS: usize = 10_000;

/// Predictions by id: their requests, decoded and raw.
#[derive(Debug, Default)]
pub(crate) struct PredictionStore(Mutex<HashMap<String, (Request, Bytes)>>);

impl PredictionStore {
    pub(crate) fn insert(&self, id: &str, request: &Request, body: &Bytes) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_PREDICTIONS {
            known.clear();
        }
        known.insert(id.to_owned(), (request.clone(), body.clone()));
    }

    pub(crate) fn get(&self, id: &str) -> Option<(Request, Bytes)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}
