import Ethereum

/// Tells when the wall clock was set: it then parts from the clock that only counts.
struct ClockWatch: Sendable {
    /// What time synchronisation does gently stays far below.
    static let jumpMin = Duration.seconds(1)
    /// Looks for which a jump is remembered: some minutes of slots.
    static let looksKept = 32

    /// Of the last one lately, zero if there was none; below zero if the clock was set back.
    private(set) var jump = Duration.zero
    private var looksLeft = 0
    private var last: (now: Instant, steady: ContinuousClock.Instant)?

    /// - Returns: the jump since the last look, if there was one.
    mutating func look(_ now: Instant, steady: ContinuousClock.Instant) -> Duration? {
        defer { last = (now, steady) }
        looksLeft = max(0, looksLeft - 1)
        if looksLeft == 0 { jump = .zero }
        guard let last else { return nil }
        let parted = (now - last.now) - last.steady.duration(to: steady)
        guard max(parted, .zero - parted) > Self.jumpMin else { return nil }
        jump = parted
        looksLeft = Self.looksKept
        return parted
    }
}
