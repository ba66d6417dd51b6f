import SSZ

/// The constants of a chain, as its beacon node reports them. Source: eth2-types.md §2.
package struct ChainSpec: Hashable, Sendable {
    /// CONFIG_NAME; empty if the beacon node gives none.
    package var configName = ""
    /// Sizes of containers.
    package var preset = Preset.mainnet
    /// Whole milliseconds, above zero.
    package var slotDuration = Duration.seconds(12)
    /// Above zero.
    package var slotsPerEpoch: UInt64 = 32
    /// Above zero.
    package var epochsPerSyncCommitteePeriod: UInt64 = 256
    /// Above zero.
    package var targetAggregatorsPerCommittee: UInt64 = 16
    /// Above zero.
    package var targetAggregatorsPerSyncSubcommittee: UInt64 = 16
    package var forks: ForkSchedule

    /// Mainnet's constants with another fork schedule.
    package init(forks: ForkSchedule) {
        self.forks = forks
    }

    package var maxCommitteesPerSlot: Int { preset.maxCommitteesPerSlot }
    package var maxValidatorsPerCommittee: Int { preset.maxValidatorsPerCommittee }
    package var syncCommitteeSize: Int { preset.syncCommitteeSize }
    package var syncCommitteeSubnetCount: Int { preset.syncCommitteeSubnetCount }

    package func clock(genesis: Instant) -> SlotClock {
        SlotClock(genesis: genesis, slotDuration: slotDuration, slotsPerEpoch: slotsPerEpoch)
    }
}

extension ChainSpec {
    /// The `data` object of GET /eth/v1/config/spec.
    ///
    /// Only what we use is looked at: values of any kind may stand beside it (BLOB_SCHEDULE is an array). Required are
    /// SLOTS_PER_EPOCH, the slot duration and GENESIS_FORK_VERSION; what else is absent has mainnet's value.
    package init(json data: JSONValue) throws(ChainSpecError) {
        guard case .object(let object) = data else { throw .notAnObject }
        let values = SpecValues(object: object)
        self.init(forks: try values.forks())
        configName = object["CONFIG_NAME"]?.string ?? ""
        slotDuration = try values.slotDuration()
        guard let slots = try values.number("SLOTS_PER_EPOCH", in: 1...65_536) else {
            throw .missing(key: "SLOTS_PER_EPOCH")
        }
        slotsPerEpoch = slots
        try values.read("EPOCHS_PER_SYNC_COMMITTEE_PERIOD", into: &epochsPerSyncCommitteePeriod)
        try values.read("TARGET_AGGREGATORS_PER_COMMITTEE", into: &targetAggregatorsPerCommittee)
        try values.read("TARGET_AGGREGATORS_PER_SYNC_SUBCOMMITTEE", into: &targetAggregatorsPerSyncSubcommittee)
        try values.read("MAX_COMMITTEES_PER_SLOT", into: &preset.maxCommitteesPerSlot)
        try values.read("MAX_VALIDATORS_PER_COMMITTEE", into: &preset.maxValidatorsPerCommittee)
        try values.read("SYNC_COMMITTEE_SIZE", into: &preset.syncCommitteeSize)
        try values.read("SYNC_COMMITTEE_SUBNET_COUNT", into: &preset.syncCommitteeSubnetCount)
        try values.read("MAX_WITHDRAWALS_PER_PAYLOAD", into: &preset.maxWithdrawalsPerPayload)
        try values.read("MAX_DEPOSIT_REQUESTS_PER_PAYLOAD", into: &preset.maxDepositRequestsPerPayload)
        try values.read("MAX_BLOB_COMMITMENTS_PER_BLOCK", into: &preset.maxBlobCommitmentsPerBlock)
        guard preset.syncCommitteeSize >= preset.syncCommitteeSubnetCount else {
            throw .contradiction("SYNC_COMMITTEE_SIZE", "SYNC_COMMITTEE_SUBNET_COUNT")
        }
        try values.checkDomains()
    }
}

/// Reads single values of the specification map.
private struct SpecValues {
    let object: JSONObject

    /// A number in range; nil if absent.
    func number(_ key: String, in range: ClosedRange<UInt64> = 0...UInt64.max) throws(ChainSpecError) -> UInt64? {
        guard let value = object[key] else { return nil }
        guard let number = value.uint64, range.contains(number) else { throw invalid(key, value) }
        return number
    }

    /// Sizes and counts: within what containers of these chains can sensibly have.
    func read(_ key: String, into target: inout Int) throws(ChainSpecError) {
        if let number = try number(key, in: 1...1 << 20) { target = Int(number) }
    }

    func read(_ key: String, into target: inout UInt64) throws(ChainSpecError) {
        if let number = try number(key, in: 1...1 << 20) { target = number }
    }

    func slotDuration() throws(ChainSpecError) -> Duration {
        let milliseconds = try number("SLOT_DURATION_MS", in: 1...86_400_000)
        let seconds = try number("SECONDS_PER_SLOT", in: 1...86_400)
        switch (milliseconds, seconds) {
        case (let milliseconds?, let seconds?) where milliseconds != 1000 * seconds:
            throw .contradiction("SLOT_DURATION_MS", "SECONDS_PER_SLOT")
        case (let milliseconds?, _): return .milliseconds(milliseconds)
        case (nil, let seconds?): return .seconds(seconds)
        case (nil, nil): throw .missing(key: "SECONDS_PER_SLOT (or SLOT_DURATION_MS)")
        }
    }

    func version(_ key: String) throws(ChainSpecError) -> ForkVersion? {
        guard let value = object[key] else { return nil }
        guard let text = value.string, let version = try? ForkVersion(hex: text) else { throw invalid(key, value) }
        return version
    }

    func forks() throws(ChainSpecError) -> ForkSchedule {
        guard let genesis = try version("GENESIS_FORK_VERSION") else { throw .missing(key: "GENESIS_FORK_VERSION") }
        var entries = [ForkSchedule.Entry(fork: .phase0, version: genesis, epoch: .zero)]
        for fork in ForkName.allCases.dropFirst() {
            if let entry = try entry(fork, key: fork.name.uppercased()) { entries.append(entry) }
        }
        let known = Set(ForkName.allCases.map { $0.name.uppercased() })
        let suffix = "_FORK_EPOCH"
        var unknown: [ForkSchedule.Entry] = []
        for name in object.members.map(\.name) where name.hasSuffix(suffix) {
            let key = String(name.dropLast(suffix.count))
            guard !known.contains(key), object[key + "_FORK_VERSION"] != nil else { continue }
            if let entry = try entry(nil, key: key) { unknown.append(entry) }
        }
        return try ForkSchedule(entries + unknown.sorted { ($0.epoch, $0.version) < ($1.epoch, $1.version) })
    }

    /// nil if the fork is not scheduled.
    private func entry(_ fork: ForkName?, key: String) throws(ChainSpecError) -> ForkSchedule.Entry? {
        guard let epoch = try number("\(key)_FORK_EPOCH"), epoch != Epoch.farFuture.rawValue else { return nil }
        guard let version = try version("\(key)_FORK_VERSION") else { throw .missing(key: "\(key)_FORK_VERSION") }
        return ForkSchedule.Entry(fork: fork, version: version, epoch: Epoch(epoch))
    }

    /// Domain types are constants to us. A chain that redefines one must not be signed for.
    func checkDomains() throws(ChainSpecError) {
        for type in DomainType.allCases {
            guard let value = object[type.specKey] else { continue }
            guard let text = value.string, let bytes = try? Bytes4(hex: text), bytes == type.bytes else {
                throw invalid(type.specKey, value)
            }
        }
    }

    private func invalid(_ key: String, _ value: JSONValue) -> ChainSpecError {
        .invalid(key: key, value: String(value.text().prefix(100)))
    }
}
