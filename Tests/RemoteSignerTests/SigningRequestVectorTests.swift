import DutyWorkflow
import SSZ
import TestSupport
import Testing

@testable import Ethereum
@testable import RemoteSigner

private let webSignerExamples = "core/web3signer/signing_requests.json"

/// Examples of Web3Signer's documentation. Source: `vectors/core/web3signer/signing_requests.json`.
@Suite("signing requests: Web3Signer's examples", .enabled(if: Vectors.has(webSignerExamples)))
struct SigningRequestVectorTests {
    private static let entries: [JSONValue] = (try? Vectors.json(webSignerExamples))?.array ?? []

    /// All examples are of a chain whose forks have one version.
    private static func domains(_ entry: JSONValue, _ preset: Preset) throws -> SigningDomains {
        let version = ForkVersion(padding: [0, 0, 0, 1])
        let root = try entry["body"]?["fork_info"].map { try Root(json: $0.member("genesis_validators_root")) }
        return SigningDomains(
            forks: try ForkSchedule(ForkName.allCases.map { .init(fork: $0, version: version, epoch: .zero) }),
            genesisValidatorsRoot: root ?? .zero, exitVersion: version, slotsPerEpoch: 32, preset: preset)
    }

    private static func forkInfo(_ body: JSONValue) throws -> ForkInfo? {
        try body["fork_info"].map { info in
            ForkInfo(
                fork: try Fork(json: try info.member("fork")),
                genesisValidatorsRoot: try Root(json: try info.member("genesis_validators_root")))
        }
    }

    @Test("the body is the example's, and so is the signing root", arguments: entries)
    func builds(entry: JSONValue) throws {
        guard entry["verified"]?.bool == true else { return }
        // Some examples spell members as Java does, or write numbers as numbers; servers read both.
        let body = Self.normalised(try #require(entry["body"]))
        let preset: Preset = entry["note"]?.string?.contains("MINIMAL") == true ? .minimal : .mainnet
        let domains = try Self.domains(["body": body], preset)
        let request = try Self.request(body, domains, preset)
        #expect(request.signingRoot.hex == body["signingRoot"]?.string)
        #expect(Self.sorted(request.json) == Self.sorted(try Self.current(body)))
    }

    @Test("all examples that can be checked are")
    func count() {
        #expect(Self.entries.filter { $0["verified"]?.bool == true }.count == 17)
    }

    private static func request(_ body: JSONValue, _ domains: SigningDomains, _ preset: Preset) throws -> SigningRequest
    {
        if let deposit = body["deposit"] {
            let message = try DepositMessage(json: deposit)
            return SigningRequest(
                deposit: message, signingRoot: domains.deposit(message),
                genesisForkVersion: domains.forks.genesisVersion)
        }
        let data = try signedData(body, preset)
        return SigningRequest(
            data, signingRoot: domains.signingRoot(of: data), forkInfo: try forkInfo(body), preset: preset)
    }

    /// What the deprecated types are called and look like today.
    private static func current(_ body: JSONValue) throws -> JSONValue {
        var object = try #require(body.object)
        switch body["type"]?.string {
        case "BLOCK":
            object["type"] = "BLOCK_V2"
            object["beacon_block"] = ["version": "PHASE0", "block": try body.member("block")]
            object["block"] = nil
        case "AGGREGATE_AND_PROOF":
            object["type"] = "AGGREGATE_AND_PROOF_V2"
            object["aggregate_and_proof"] = ["version": "PHASE0", "data": try body.member("aggregate_and_proof")]
        default: break
        }
        return .object(object)
    }

    private static func signedData(_ body: JSONValue, _ preset: Preset) throws -> SignedData {
        let type = try #require(body["type"]?.string)
        func message<Message: SSZContainer>(_ member: String, _: Message.Type = Message.self) throws -> Signed<Message>
        {
            Signed(message: try Message(json: body.member(member), preset: preset), signature: .zero)
        }
        switch type {
        case "BLOCK_V2", "BLOCK": return .proposal(try proposal(body, preset))
        case "ATTESTATION":
            let data = try AttestationData(json: body.member("attestation"))
            var row = AttesterDuty()
            row.slot = data.slot
            row.committeeLength = 8
            row.committeesAtSlot = 64
            return .attestation(try #require(VersionedAttestation(fork: .deneb, data: data, duty: row)))
        case "AGGREGATION_SLOT":
            let slot = try Slot(json: body.member("aggregation_slot").member("slot"))
            return .committeeSelection(.init(validatorIndex: .zero, slot: slot, selectionProof: .zero))
        case "AGGREGATE_AND_PROOF_V2", "AGGREGATE_AND_PROOF":
            let object = try body.member("aggregate_and_proof")
            let fork = object["version"]?.string.flatMap { ForkName(name: $0) } ?? .phase0
            let signed: JSONValue = [
                "message": object["data"] ?? object, "signature": .string(SignatureBytes.zero.hex),
            ]
            return .aggregateAndProof(try VersionedAggregateAndProof(fork: fork, json: signed, preset: preset))
        case "VOLUNTARY_EXIT": return .exit(try message("voluntary_exit"))
        case "SYNC_COMMITTEE_MESSAGE":
            let vote = try body.member("sync_committee_message")
            return .syncMessage(
                SyncCommitteeMessage(
                    slot: try Slot(json: vote.member("slot")),
                    beaconBlockRoot: try Root(json: vote.member("beacon_block_root")), validatorIndex: .zero,
                    signature: .zero))
        case "SYNC_COMMITTEE_CONTRIBUTION_AND_PROOF":
            return .contributionAndProof(try message("contribution_and_proof"))
        case "VALIDATOR_REGISTRATION": return .registration(try message("validator_registration"))
        default: throw UnknownType(name: type)
        }
    }

    private struct UnknownType: Error { let name: String }

    /// The examples from Bellatrix on have no body.
    private static func proposal(_ body: JSONValue, _ preset: Preset) throws -> VersionedSignedProposal {
        let object = try body["beacon_block"] ?? ["version": "PHASE0", "block": body.member("block")]
        let fork = try #require(ForkName(name: try object.member("version").string ?? ""))
        let proposal: VersionedProposal
        if let block = object["block"] {
            proposal = try VersionedProposal(fork: fork, blinded: false, json: block, preset: preset)
        } else {
            let header = try BeaconBlockHeader(json: object.member("block_header"))
            proposal = VersionedProposal(
                form: ProposalForm(fork: fork, isBlinded: true),
                summary: BlockSummary(
                    header: header, randaoReveal: .zero, graffiti: .zero, feeRecipient: nil,
                    messageRoot: header.hashTreeRoot()), preset: preset, bytes: [], isSigned: false)
        }
        return proposal.signed(with: .zero)
    }

    private static func normalised(_ json: JSONValue) -> JSONValue {
        switch json {
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map {
                        ($0.name == "signingRoot" ? $0.name : snakeCase($0.name), normalised($0.value))
                    }))
        case .array(let items): .array(items.map(normalised))
        case .number(let digits): .string(digits)
        default: json
        }
    }

    private static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { text, letter in text += letter.isUppercase ? "_\(letter.lowercased())" : "\(letter)" }
    }

    /// The order of members says nothing.
    private static func sorted(_ json: JSONValue) -> JSONValue {
        switch json {
        case .object(let object):
            .object(JSONObject(object.members.map { ($0.name, sorted($0.value)) }.sorted { $0.0 < $1.0 }))
        case .array(let items): .array(items.map(sorted))
        default: json
        }
    }
}
