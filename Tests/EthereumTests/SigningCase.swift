import Ethereum
import SSZ
import TestSupport
import Testing

/// One entry of `duty_signing_roots.json`, or of our own fixture, which has the same members.
struct SigningCase: CustomStringConvertible {
    let duty: String
    let fork: ForkName
    let message: JSONValue
    /// As the vector states it.
    let messageRoot: Root
    let domains: SigningDomains

    var description: String { "\(duty) in \(fork)" }

    init(_ json: JSONValue, preset: Preset = .mainnet) throws {
        duty = try #require(json["duty"]?.string)
        fork = try #require(ForkName(name: json["fork"]?.string ?? ""))
        message = try #require(json["message"])
        messageRoot = try Root(hex: #require(json["message_root"]?.string))
        let version = try ForkVersion(hex: #require(json["fork_version"]?.string))
        // Exits and registrations state the version that they are tied to. The other one must not be used.
        let isTied = duty == "exit" || duty == "builder_registration" || duty == "deposit"
        let ruling = isTied ? ForkVersion(padding: [0xff, 0xff, 0xff, 0xff]) : version
        domains = SigningDomains(
            forks: try ForkSchedule([
                .init(fork: .phase0, version: duty == "exit" ? ruling : version, epoch: .zero),
                .init(fork: fork, version: ruling, epoch: .zero),
            ]),
            genesisValidatorsRoot: duty == "builder_registration" || duty == "deposit"
                ? Root(padding: [0xff]) : try Root(hex: #require(json["genesis_validators_root"]?.string)),
            exitVersion: duty == "exit" ? version : ForkVersion(padding: [0xff, 0xff, 0xff, 0xff]),
            slotsPerEpoch: preset == .minimal ? 8 : 32, preset: preset)
    }

    func root() throws -> Root {
        let preset = domains.preset
        switch duty {
        case "proposer":
            return try domains.proposer(slot: Slot(json: message.member("slot")), blockRoot: blockRoot())
        case "attester":
            return domains.attester(try checked(AttestationData(json: message)))
        case "randao":
            return domains.randao(try Epoch(json: message))
        case "prepare_aggregator":
            return domains.prepareAggregator(try Slot(json: message))
        case "aggregator" where fork.usesElectraAttestations:
            return domains.aggregator(try checked(AggregateAndProofElectra(json: message, preset: preset)))
        case "aggregator":
            return domains.aggregator(try checked(AggregateAndProofPhase0(json: message, preset: preset)))
        case "sync_message":
            return domains.syncMessage(slot: Slot(0), beaconBlockRoot: try Root(json: message))
        case "prepare_sync_contribution":
            return domains.prepareSyncContribution(try checked(SyncAggregatorSelectionData(json: message)))
        case "sync_contribution":
            return domains.syncContribution(try checked(ContributionAndProof(json: message, preset: preset)))
        case "exit":
            return domains.exit(try checked(VoluntaryExit(json: message)))
        case "builder_registration":
            return domains.builderRegistration(try checked(ValidatorRegistration(json: message)))
        case "deposit":
            return domains.deposit(try checked(DepositMessage(json: message)))
        default:
            throw UnknownDuty(duty: duty)
        }
    }

    /// Of the vectors' blocks, or of our fixture's headers, which have their block's root.
    private func blockRoot() throws -> Root {
        guard message["body"] != nil else {
            return checked(try BeaconBlockHeader(json: message, preset: domains.preset)).hashTreeRoot()
        }
        func read<Fork: BlockFork>(_: Fork.Type) throws -> Root {
            try checked(FullBeaconBlock<Fork>(json: message, preset: domains.preset)).hashTreeRoot(
                preset: domains.preset)
        }
        return try read(fork.blockFork)
    }

    private func checked<Value: SSZCodable>(_ value: Value) -> Value {
        #expect(value.hashTreeRoot(preset: domains.preset) == messageRoot)
        return value
    }

    struct UnknownDuty: Error {
        let duty: String
    }
}
