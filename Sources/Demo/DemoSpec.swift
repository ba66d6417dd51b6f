import Ethereum
import SSZ

/// The demo chain's constants, as a beacon node would report them. Mainnet shapes with shorter epochs and slots.
package struct DemoSpec: Sendable {
    static let committeesPerSlot: UInt64 = 2
    /// The lock of a demo cluster is made for this network: create cluster knows no other test network by default.
    package static let genesisForkVersion = Bytes4([0x10, 0x00, 0x09, 0x10]) ?? .zero
    private static let fuluVersion = Bytes4([0x70, 0x00, 0x09, 0x10]) ?? .zero

    package let genesisValidatorsRoot: Root
    private let slotDuration: Duration
    private let slotsPerEpoch: UInt64

    init(_ options: DemoChain.Options) {
        genesisValidatorsRoot = SHA256.hash(options.pubKeys.flatMap { $0.bytes })
        slotDuration = options.slotDuration
        slotsPerEpoch = options.slotsPerEpoch
    }

    /// Computed on its own, not with the node's `ForkSchedule`: a shared mistake would go unseen.
    func signingRoot(_ data: AttestationData) -> Root {
        let version = Root(Self.fuluVersion.bytes + [UInt8](repeating: 0, count: 28)) ?? .zero
        let forkDataRoot = SHA256.hash(version, genesisValidatorsRoot)
        let domain = Root([1, 0, 0, 0] + forkDataRoot.bytes.prefix(28)) ?? .zero
        return SHA256.hash(data.hashTreeRoot(), domain)
    }

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
            ("TARGET_AGGREGATORS_PER_COMMITTEE", "16"), ("SYNC_COMMITTEE_SIZE", "512"),
            ("SYNC_COMMITTEE_SUBNET_COUNT", "4"), ("TARGET_AGGREGATORS_PER_SYNC_SUBCOMMITTEE", "16"),
            ("EPOCHS_PER_SYNC_COMMITTEE_PERIOD", "256"), ("DOMAIN_BEACON_ATTESTER", "0x01000000"),
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
