import Ethereum
import SSZ

/// The demo chain's constants, as a beacon node would report them, and its signing roots and lotteries. Mainnet shapes
/// with shorter epochs and slots, and more aggregators.
package struct DemoSpec: Sendable {
    /// What a signature is for. Source: consensus-specs, the `DOMAIN_` constants.
    enum Domain: UInt8 {
        case proposer = 0
        case attester = 1
        case randao = 2
        case exit = 4
        case selection = 5
        case aggregateAndProof = 6
        case syncCommittee = 7
        case syncSelection = 8
        case contributionAndProof = 9
    }

    static let committeesPerSlot: UInt64 = 2
    /// Different answers of a chain that changes its mind.
    static let branches: UInt8 = 16
    static let syncCommitteeSize: UInt64 = 512
    static let subcommittees: UInt64 = 4
    static let subcommitteeSize = syncCommitteeSize / subcommittees
    /// Every second member of a subcommittee is an aggregator.
    private static let targetSyncAggregators = subcommitteeSize / 2
    /// The lock of a demo cluster is made for this network: create cluster knows no other test network by default.
    package static let genesisForkVersion = Bytes4([0x10, 0x00, 0x09, 0x10]) ?? .zero
    /// Of exits, for ever (EIP-7044).
    private static let capellaVersion = Bytes4([0x40, 0x00, 0x09, 0x10]) ?? .zero
    private static let fuluVersion = Bytes4([0x70, 0x00, 0x09, 0x10]) ?? .zero

    package let genesisValidatorsRoot: Root
    /// Members of a beacon committee: seats for all validators of a slot, and at least as many as on small test networks.
    let committeeLength: UInt64
    private let targetAggregators: UInt64
    private let slotDuration: Duration
    private let slotsPerEpoch: UInt64

    init(_ options: DemoChain.Options) {
        genesisValidatorsRoot = SHA256.hash(options.pubKeys.flatMap { $0.bytes })
        slotDuration = options.slotDuration
        slotsPerEpoch = options.slotsPerEpoch
        let inSlot = (UInt64(options.pubKeys.count) + slotsPerEpoch - 1) / slotsPerEpoch
        let seats = max(128, (inSlot + Self.committeesPerSlot - 1) / Self.committeesPerSlot)
        switch options.duties {
        // Every second member is an aggregator.
        case .all: (committeeLength, targetAggregators) = (seats, seats / 2)
        case .attester: (committeeLength, targetAggregators) = (2048, 1)
        }
    }

    // MARK: Signing roots

    /// Computed on its own, not with the node's `ForkSchedule`: a shared mistake would go unseen.
    func signingRoot(_ object: Root, _ domain: Domain) -> Root {
        let fork = domain == .exit ? Self.capellaVersion : Self.fuluVersion
        let version = Root(padding: fork.bytes)
        let forkDataRoot = SHA256.hash(version, genesisValidatorsRoot)
        return SHA256.hash(object, Root(padding: [domain.rawValue, 0, 0, 0] + forkDataRoot.bytes.prefix(28)))
    }

    func attestation(_ data: AttestationData) -> Root { signingRoot(data.hashTreeRoot(), .attester) }

    func randao(_ epoch: Epoch) -> Root { signingRoot(Self.chunk(epoch.rawValue), .randao) }

    func selection(_ slot: Slot) -> Root { signingRoot(Self.chunk(slot.rawValue), .selection) }

    func syncSelection(_ slot: Slot, subcommittee: UInt64) -> Root {
        signingRoot(SHA256.hash(Self.chunk(slot.rawValue), Self.chunk(subcommittee)), .syncSelection)
    }

    func exit(_ exit: VoluntaryExit) -> Root {
        signingRoot(
            SHA256.hash(Self.chunk(exit.epoch.rawValue), Self.chunk(exit.validatorIndex.rawValue)), .exit)
    }

    /// A number's hash tree root.
    private static func chunk(_ number: UInt64) -> Root {
        Root(padding: (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
    }

    // MARK: Lotteries

    func isAggregator(_ proof: SignatureBytes) -> Bool {
        Self.draw(proof) % max(1, committeeLength / targetAggregators) == 0
    }

    func isSyncAggregator(_ proof: SignatureBytes) -> Bool {
        Self.draw(proof) % max(1, Self.subcommitteeSize / Self.targetSyncAggregators) == 0
    }

    /// The first eight bytes of the proof's hash, little-endian.
    private static func draw(_ proof: SignatureBytes) -> UInt64 {
        SHA256.hash(proof.bytes).bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: JSON

    func json() -> JSONValue {
        var object = JSONObject()
        func add(_ name: String, _ value: String) { object.append(name, .string(value)) }
        add("CONFIG_NAME", "styx-demo")
        add("PRESET_BASE", "mainnet")
        add("SLOTS_PER_EPOCH", String(slotsPerEpoch))
        add("SLOT_DURATION_MS", String(Int64(slotDuration / .milliseconds(1))))
        if slotDuration >= .seconds(1) { add("SECONDS_PER_SLOT", String(Int64(slotDuration / .seconds(1)))) }
        add("GENESIS_FORK_VERSION", Self.genesisForkVersion.hex)
        for (position, fork) in ForkName.allCases.enumerated().dropFirst() {
            let version = Bytes4([UInt8(0x10 * (position + 1)), 0x00, 0x09, 0x10]) ?? .zero
            add("\(fork.name.uppercased())_FORK_VERSION", version.hex)
            add("\(fork.name.uppercased())_FORK_EPOCH", "0")
        }
        for (name, value) in [
            ("MAX_COMMITTEES_PER_SLOT", "64"), ("MAX_VALIDATORS_PER_COMMITTEE", "2048"),
            ("TARGET_AGGREGATORS_PER_COMMITTEE", "\(targetAggregators)"),
            ("SYNC_COMMITTEE_SIZE", "\(Self.syncCommitteeSize)"),
            ("SYNC_COMMITTEE_SUBNET_COUNT", "\(Self.subcommittees)"),
            ("TARGET_AGGREGATORS_PER_SYNC_SUBCOMMITTEE", "\(Self.targetSyncAggregators)"),
            ("EPOCHS_PER_SYNC_COMMITTEE_PERIOD", "256"), ("SHARD_COMMITTEE_PERIOD", "0"),
            ("DOMAIN_BEACON_ATTESTER", "0x01000000"),
            ("DOMAIN_BEACON_PROPOSER", "0x00000000"), ("DOMAIN_RANDAO", "0x02000000"),
            ("DOMAIN_VOLUNTARY_EXIT", "0x04000000"), ("DOMAIN_SELECTION_PROOF", "0x05000000"),
            ("DOMAIN_AGGREGATE_AND_PROOF", "0x06000000"), ("DOMAIN_SYNC_COMMITTEE", "0x07000000"),
            ("DOMAIN_SYNC_COMMITTEE_SELECTION_PROOF", "0x08000000"), ("DOMAIN_CONTRIBUTION_AND_PROOF", "0x09000000"),
            ("DOMAIN_APPLICATION_BUILDER", "0x00000001"),
        ] { add(name, value) }
        return .object(object)
    }

    func forkScheduleJSON() -> JSONValue {
        var previous = Self.genesisForkVersion
        return .array(
            ForkName.allCases.enumerated().map { position, _ in
                let current = Bytes4([UInt8(0x10 * (position + 1)), 0x00, 0x09, 0x10]) ?? .zero
                defer { previous = current }
                return [
                    "previous_version": .string(previous.hex), "current_version": .string(current.hex), "epoch": "0",
                ]
            })
    }
}
