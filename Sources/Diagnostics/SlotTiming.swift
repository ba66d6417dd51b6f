import SSZ

/// How a chain counts time.
struct SlotTiming: Hashable, Sendable {
    var slotDuration = Duration.seconds(12)
    var slotsPerEpoch: UInt64 = 32

    init(slotDuration: Duration = .seconds(12), slotsPerEpoch: UInt64 = 32) {
        self.slotDuration = slotDuration
        self.slotsPerEpoch = slotsPerEpoch
    }

    /// What a beacon node says; mainnet's where it says nothing that can be.
    init(of node: HTTPService) async throws(CaseFailure) {
        let spec = try await node.json("/eth/v1/config/spec")["data"]
        if let milliseconds = spec?["SLOT_DURATION_MS"]?.uint64, (1...600_000).contains(milliseconds) {
            slotDuration = .milliseconds(Int64(milliseconds))
        } else if let seconds = spec?["SECONDS_PER_SLOT"]?.uint64, (1...600).contains(seconds) {
            slotDuration = .seconds(Int64(seconds))
        }
        if let slots = spec?["SLOTS_PER_EPOCH"]?.uint64, (1...1 << 20).contains(slots) { slotsPerEpoch = slots }
    }
}
