//! Breaker word: phase, generation, growth and time of a circuit breaker in 64 bits.

/// The longest time that can lie ahead: half of the range of 32 bits, as times wrap around.
pub(super) const LONGEST_WAIT: u64 = i32::MAX as u64;

const GENERATION_BITS: u32 = 18;
const PROBE_BITS: u32 = 7;
const LEVEL_BITS: u32 = 4;
const PHASE_BITS: u32 = 3;
const _: () = assert!(32 + GENERATION_BITS + PROBE_BITS + LEVEL_BITS + PHASE_BITS == 64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Closed,
    Open,
    /// A probe is out.
    HalfOpen,
    /// Open, by the operator.
    ForcedOpen,
    /// Open for a time that is not the breaker's own.
    Excluded,
}

/// What the breaker's word holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) phase: Phase,
    /// Counts openings and closings, so that permits know whether they are of now.
    pub(super) generation: u32,
    /// The number of the probe that is out, or was last.
    pub(super) probe: u32,
    /// How often it opened again without having closed.
    pub(super) level: u32,
    /// Closed: failures in a row. Else the lower 32 bits of the time, in milliseconds, that is waited for.
    pub(super) time: u32,
}

impl Word {
    pub(super) const CLOSED: Self = Self { phase: Phase::Closed, generation: 0, probe: 0, level: 0, time: 0 };

    pub(super) const fn pack(self) -> u64 {
        let phase = match self.phase {
            Phase::Closed => 0,
            Phase::Open => 1,
            Phase::HalfOpen => 2,
            Phase::ForcedOpen => 3,
            Phase::Excluded => 4_u64,
        };
        let mut bits = self.generation as u64;
        bits = bits << PROBE_BITS | self.probe as u64;
        bits = bits << LEVEL_BITS | self.level as u64;
        bits = bits << PHASE_BITS | phase;
        bits << 32 | self.time as u64
    }

    #[inline]
    pub(super) const fn unpack(bits: u64) -> Self {
        let time = bits as u32;
        let bits = bits >> 32;
        let phase = match bits & mask(PHASE_BITS) {
            0 => Phase::Closed,
            1 => Phase::Open,
            2 => Phase::HalfOpen,
            3 => Phase::ForcedOpen,
            _ => Phase::Excluded,
        };
        let bits = bits >> PHASE_BITS;
        let level = (bits & mask(LEVEL_BITS)) as u32;
        let bits = bits >> LEVEL_BITS;
        let probe = (bits & mask(PROBE_BITS)) as u32;
        Self { phase, generation: (bits >> PROBE_BITS) as u32, probe, level, time }
    }

    /// Milliseconds until its time; 0 where it came, and where none is waited for.
    pub(super) const fn until(self, now: u64) -> u32 {
        match self.phase {
            Phase::Closed | Phase::ForcedOpen => 0,
            Phase::Open | Phase::HalfOpen | Phase::Excluded => {
                let left = self.time.wrapping_sub(now as u32);
                if left as u64 > LONGEST_WAIT { 0 } else { left }
            }
        }
    }

    /// Milliseconds since the probe that is out was given, where it is given up after `longest`.
    pub(super) fn passed_of_probe(self, now: u64, longest: u64) -> u64 {
        let left = u64::from(self.until(now));
        longest.saturating_sub(left)
    }

    pub(super) const fn is_closed(self, generation: u32) -> bool {
        matches!(self.phase, Phase::Closed) && self.generation == generation
    }

    pub(super) const fn is_probe(self, generation: u32, probe: u32) -> bool {
        matches!(self.phase, Phase::HalfOpen) && self.generation == generation && self.probe == probe
    }

    /// Whether the success of a call that was admitted in `generation` closes it.
    pub(super) const fn may_close(self, generation: u32) -> bool {
        matches!(self.phase, Phase::Open | Phase::HalfOpen | Phase::Excluded) && self.generation == generation
    }

    pub(super) const fn with_failures(self, failures: u32) -> Self {
        Self { time: failures, ..self }
    }

    pub(super) const fn with_time(self, time: u64) -> Self {
        Self { time: time as u32, ..self }
    }

    pub(super) const fn opened(self, until: u64, level: u32) -> Self {
        let level = if level > MAX_LEVEL { MAX_LEVEL } else { level };
        Self { phase: Phase::Open, level, ..self.next_generation() }.with_time(until)
    }

    pub(super) const fn excluded(self, until: u64) -> Self {
        Self { phase: Phase::Excluded, ..self.next_generation() }.with_time(until)
    }

    pub(super) const fn forced_open(self) -> Self {
        Self { phase: Phase::ForcedOpen, level: 0, time: 0, ..self.next_generation() }
    }

    pub(super) const fn closed(self) -> Self {
        Self { phase: Phase::Closed, level: 0, time: 0, ..self.next_generation() }
    }

    /// With the next probe out, which is given up at `until`.
    pub(super) const fn probe(self, until: u64) -> Self {
        let probe = (self.probe + 1) & mask(PROBE_BITS) as u32;
        Self { phase: Phase::HalfOpen, probe, ..self }.with_time(until)
    }

    /// With the probe given back, so that the next call gets it.
    pub(super) const fn probe_returned(self, now: u64) -> Self {
        Self { phase: Phase::Open, ..self }.with_time(now)
    }

    const fn next_generation(self) -> Self {
        Self { generation: (self.generation + 1) & mask(GENERATION_BITS) as u32, ..self }
    }
}

const MAX_LEVEL: u32 = mask(LEVEL_BITS) as u32;

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}
