//! Admission of a call's attempts: permits are acquired before each is sent and settled afterwards.

use super::Run;
use crate::{
    admission::{AdmissionRequest, AdmissionRules, Facts, Holding, NotAdmitted, key_name},
    candidates::Contender,
    error::CallError,
    keys::KeyInUse,
    one_line::InOneLine,
    plan::{Refusal, Step},
    resolve::Group,
    retry::Failed,
    target::Target,
    work::Work,
};
use http::Method;
use std::sync::Arc;

/// Names of a candidate, as scopes match them.
struct Names {
    target: String,
    key: String,
}

impl Names {
    fn new(contender: &Contender, key: Option<&KeyInUse>) -> Self {
        Self { target: contender.name(), key: key_name(&contender.provider.id, key) }
    }
}

impl<W: Work> Run<'_, W> {
    fn facts<'a>(&'a self, contender: &'a Contender, names: &'a Names) -> Facts<'a> {
        let options = contender.settings.as_ref().and_then(|settings| settings.options.as_ref());
        let group = self.candidates.group.as_deref().map(|group: &Group| &*group.name);
        Facts {
            metadata: &self.options.metadata,
            target_metadata: options.map_or(&[], |options| &options.call.metadata),
            group: group.filter(|name| !name.is_empty()),
            provider: &contender.provider.id,
            target: &names.target,
            key: &names.key,
        }
    }

    fn admission_request<'a>(
        &'a self,
        seat: usize,
        contender: &'a Contender,
        names: &'a Names,
    ) -> AdmissionRequest<'a> {
        AdmissionRequest {
            facts: self.facts(contender, names),
            catalog: contender.catalog().or(self.policy.catalog.as_ref()),
            policy: &self.policy,
            limits: self.limits(seat),
        }
    }

    /// The rules that apply to requests to `contender`; `None` if there are none.
    pub(super) fn rules_of(&self, contender: &Contender) -> Option<Holding> {
        let rules = self.policy.admission.as_ref()?;
        let names = Names::new(contender, None);
        let reserve_output = rules.reserve_output(&self.facts(contender, &names));
        Some(Holding { reserve_output, measures: rules.measures })
    }

    /// The rules and the candidate at `seat`, if an attempt at `target` needs admission. Queries, such as listing
    /// models or a health check, do not.
    fn to_be_admitted(&self, seat: usize, target: &Target) -> Option<(&Arc<AdmissionRules>, &Contender)> {
        let rules = self.policy.admission.as_ref().filter(|_| target.method != Method::GET)?;
        Some((rules, self.candidates.list.get(seat)?))
    }

    /// Admits the next attempt at `target`, the current one; may wait.
    pub(super) async fn pass_limits(&self, target: &mut Target) -> Result<(), NotAdmitted> {
        let seat = self.current;
        let Some((rules, contender)) = self.to_be_admitted(seat, target) else { return Ok(()) };
        let names = Names::new(contender, self.key.as_ref());
        let request = self.admission_request(seat, contender, &names);
        rules.admit(&request, target, self.has_another()).await
    }

    /// Admits a second, concurrent attempt at `target` if that is possible without waiting.
    pub(super) fn try_admit(
        &self,
        seat: usize,
        key: Option<&KeyInUse>,
        target: &mut Target,
    ) -> Result<(), NotAdmitted> {
        let Some((rules, contender)) = self.to_be_admitted(seat, target) else { return Ok(()) };
        let names = Names::new(contender, key);
        rules.try_admit(&self.admission_request(seat, contender, &names), target)
    }

    /// The next step when an attempt was not admitted.
    #[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
    pub(super) fn not_admitted(
        &mut self,
        target: Box<Target>,
        refused: NotAdmitted,
    ) -> Result<Step, CallError> {
        let seat = self.current;
        let NotAdmitted { failure, is_of_target } = refused;
        let error =
            self.candidates.list.get(seat).map(|contender| contender.error(failure.clone(), Vec::new()));
        let error = error.unwrap_or_else(|| CallError::unsent(failure.clone(), "", ""));
        (self.lease, self.key) = (None, None);
        if let Some(place) = self.targets.get_mut(seat) {
            *place = Some(target);
        }
        if !is_of_target || !self.has_another() {
            let (attempts, unanswered) = (self.trail.take_attempts(), std::mem::take(&mut self.unanswered));
            return Err(self.trail.failed(CallError { attempts, unanswered, ..error }));
        }
        self.why = InOneLine(&failure).to_string();
        self.unasked.get_or_insert(error);
        let step = self.plan.skip(Refusal::Unusable, self.moment());
        self.skipped(seat, Refusal::Unusable, step);
        Ok(step)
    }

    /// An attempt at `target` failed: records what it used and settles its admission.
    pub(super) fn settle_failed(
        &mut self,
        target: &mut Target,
        seat: usize,
        failed: &Failed,
        was_answered: bool,
    ) {
        let reported = self.note_reported(target, seat);
        if let Some(admitted) = target.admitted.take() {
            admitted.failed(failed, reported.map(AsRef::as_ref), was_answered);
        }
    }

    /// As `settle_failed`, for the discarded attempt of a race: it `failed`, or was cancelled.
    pub(super) fn settle_lost(&mut self, target: &mut Target, seat: usize, failed: Option<&Failed>) {
        let reported = self.note_reported(target, seat);
        let Some(admitted) = target.admitted.take() else { return };
        match (failed, reported) {
            (Some(failed), reported) => admitted.failed(failed, reported.map(AsRef::as_ref), false),
            (None, reported) => admitted.cut(reported.map(|settlement| &settlement.record().usage)),
        }
    }
}
