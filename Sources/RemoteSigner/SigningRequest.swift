import DutyWorkflow
import Ethereum
import SSZ

/// What a remote signer is asked to sign, in the words of Web3Signer's ETH2 API. Source: remote-signer.md §A.2.
///
/// The body depends on nothing but what is signed: all who sign one root send the same bytes.
package struct SigningRequest: Hashable, Sendable {
    /// Computed by us. A signer that finds another one refuses.
    package let signingRoot: Root
    /// The body of POST /api/v1/eth2/sign.
    package let json: JSONValue

    /// - Parameter data: the signature in it is not looked at.
    package init(_ data: SignedData, in domains: SigningDomains) {
        self.init(
            data, signingRoot: domains.signingRoot(of: data), forkInfo: ForkInfo(for: data, in: domains),
            preset: domains.preset)
    }

    init(_ data: SignedData, signingRoot: Root, forkInfo: ForkInfo?, preset: Preset) {
        let (type, member, content) = Self.typed(data, preset)
        self.init(type: type, signingRoot: signingRoot, forkInfo: forkInfo, member: member, content: content)
    }

    /// - Parameter version: of the genesis of the chain whose deposit contract takes it.
    package init(deposit message: DepositMessage, signingRoot: Root, genesisForkVersion version: ForkVersion) {
        guard case .object(var content) = message.json() else { preconditionFailure("containers are objects") }
        content.append("genesis_fork_version", .string(version.hex))
        self.init(
            type: "DEPOSIT", signingRoot: signingRoot, forkInfo: nil, member: "deposit", content: .object(content))
    }

    /// - Parameter version: Capella's, in force from epoch `since` on (EIP-7044).
    package init(
        exit message: VoluntaryExit, signingRoot: Root, version: ForkVersion, since: Epoch, genesisValidatorsRoot: Root
    ) {
        self.init(
            .exit(Signed(message: message, signature: .zero)), signingRoot: signingRoot,
            forkInfo: ForkInfo(exitVersion: version, since: since, genesisValidatorsRoot: genesisValidatorsRoot),
            preset: .mainnet)
    }

    /// Valid on every fork.
    package init(registration message: ValidatorRegistration, signingRoot: Root) {
        self.init(
            .registration(Signed(message: message, signature: .zero)), signingRoot: signingRoot, forkInfo: nil,
            preset: .mainnet)
    }

    private init(type: String, signingRoot: Root, forkInfo: ForkInfo?, member: String, content: JSONValue) {
        self.signingRoot = signingRoot
        var body = JSONObject()
        body.append("type", .string(type))
        if let forkInfo { body.append("fork_info", forkInfo.json) }
        body.append("signingRoot", .string(signingRoot.hex))
        body.append(member, content)
        json = .object(body)
    }

    private static func typed(_ data: SignedData, _ preset: Preset) -> (String, String, JSONValue) {
        switch data {
        case .proposal(let signed): ("BLOCK_V2", "beacon_block", block(signed.proposal))
        case .attestation(let attestation): ("ATTESTATION", "attestation", attestation.data.json())
        case .exit(let signed): ("VOLUNTARY_EXIT", "voluntary_exit", signed.message.json())
        case .registration(let signed):
            ("VALIDATOR_REGISTRATION", "validator_registration", signed.message.json())
        case .randao(let signed): ("RANDAO_REVEAL", "randao_reveal", ["epoch": signed.epoch.json()])
        case .committeeSelection(let selection):
            ("AGGREGATION_SLOT", "aggregation_slot", ["slot": selection.slot.json()])
        case .aggregateAndProof(let signed):
            (
                "AGGREGATE_AND_PROOF_V2", "aggregate_and_proof",
                ["version": .string(signed.fork.upperCase), "data": signed.messageJSON(preset)]
            )
        case .syncMessage(let message):
            (
                "SYNC_COMMITTEE_MESSAGE", "sync_committee_message",
                ["beacon_block_root": .string(message.beaconBlockRoot.hex), "slot": message.slot.json()]
            )
        case .syncSelection(let selection):
            (
                "SYNC_COMMITTEE_SELECTION_PROOF", "sync_aggregator_selection_data", selection.selectionData.json()
            )
        case .contributionAndProof(let signed):
            (
                "SYNC_COMMITTEE_CONTRIBUTION_AND_PROOF", "contribution_and_proof",
                signed.message.json(preset: preset)
            )
        }
    }

    /// From Bellatrix on the header stands for the block, full or blinded.
    private static func block(_ proposal: VersionedProposal) -> JSONValue {
        let version = JSONValue.string(proposal.fork.upperCase)
        guard proposal.fork >= .bellatrix else { return ["version": version, "block": proposal.json] }
        return ["version": version, "block_header": proposal.summary.header.json()]
    }
}

extension ForkName {
    fileprivate var upperCase: String { name.uppercased() }
}

extension VersionedAggregateAndProof {
    /// Without the signature over it.
    fileprivate func messageJSON(_ preset: Preset) -> JSONValue {
        switch form {
        case .phase0(let signed): signed.message.json(preset: preset)
        case .electra(let signed): signed.message.json(preset: preset)
        }
    }
}
