import Ethereum
import SSZ

/// Every call of the beacon API that we make ourselves. Source: ethereum/beacon-APIs.
package enum BeaconEndpoint: Hashable, Sendable {
    case genesis
    case spec
    case syncing
    case peerCount
    case nodeVersion
    /// Version 2, which names the execution client, too. Older nodes lack it.
    case nodeVersions
    case validators(StateID, ValidatorSelection)
    /// The same by GET, for nodes that refuse POST: the ids stand in the query, so there must not be many.
    case validatorsByQuery(StateID, ValidatorSelection)
    case attesterDuties(Epoch, [ValidatorIndex])
    /// Version 1 or 2: they differ in the block that the answer names as dependent root.
    case proposerDuties(Epoch, version: ProposerDutiesVersion)
    case syncDuties(Epoch, [ValidatorIndex])
    /// Which validators the node has seen vote in an epoch, the current one or the one before.
    case liveness(Epoch, [ValidatorIndex])
    case attestationData(Slot, CommitteeIndex)
    case aggregateAttestation(Slot, dataRoot: Root, CommitteeIndex)
    case syncContribution(Slot, subcommittee: UInt64, blockRoot: Root)
    case produceBlock(Slot, BlockWishes)
    case blockHeader(BlockID)
    case blockRoot(BlockID)
    case blockAttestations(BlockID)
    /// The committees of one slot of the epoch of a state, or of the epoch before or after.
    case committees(StateID, Epoch, Slot)
    case submit(BeaconSubmission)
    case events([EventTopic])

    package enum ProposerDutiesVersion: String, CaseIterable, Hashable, Sendable {
        case v1
        case v2
    }

    package enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// Ids in one query: URLs stay below 8 KiB, which every server takes.
    package static let queryIDsMax = 64
    /// Validators in one answer. Enough for test networks asked for all their validators, and for any cluster.
    package static let validatorsMax = 1 << 16

    package var method: Method {
        switch self {
        case .validators, .attesterDuties, .syncDuties, .liveness, .submit: .post
        case .genesis, .spec, .syncing, .peerCount, .nodeVersion, .nodeVersions, .validatorsByQuery, .proposerDuties,
            .attestationData, .aggregateAttestation, .syncContribution, .produceBlock, .blockHeader, .blockRoot,
            .blockAttestations, .committees, .events:
            .get
        }
    }

    /// Publishes something: every node should get it, and a node that has it already is no failure.
    package var isSubmission: Bool {
        switch self {
        case .submit: true
        default: false
        }
    }

    /// Every node is asked at once: submissions, and a proposal, where a second late costs the block.
    package var asksAllNodes: Bool {
        switch self {
        case .submit, .produceBlock: true
        default: false
        }
    }

    /// SSZ is smaller and quicker here, and nodes offer it.
    private var prefersSSZ: Bool {
        switch self {
        case .produceBlock, .aggregateAttestation, .attestationData: true
        default: false
        }
    }

    package var headers: HeaderFields {
        var headers: HeaderFields = [:]
        switch self {
        case .events: headers.append(HeaderName.accept, MediaType.eventStream)
        default: headers.append(HeaderName.accept, prefersSSZ ? MediaType.sszOrJSON : MediaType.json)
        }
        if case .submit(let submission) = self {
            if let fork = submission.fork { headers.append(HeaderName.consensusVersion, fork.name) }
            headers.append(HeaderName.contentType, submission.encoding.mediaType)
        } else if method == .post {
            headers.append(HeaderName.contentType, MediaType.json)
        }
        return headers
    }

    /// Nil for GET.
    package var body: [UInt8]? {
        switch self {
        case .validators(_, let selection):
            (["ids": .array(selection.ids.map(JSONValue.string))] as JSONValue).bytes()
        case .attesterDuties(_, let indices), .syncDuties(_, let indices), .liveness(_, let indices):
            JSONValue.array(indices.map { $0.json() }).bytes()
        case .submit(let submission): submission.body
        case .genesis, .spec, .syncing, .peerCount, .nodeVersion, .nodeVersions, .validatorsByQuery, .proposerDuties,
            .attestationData, .aggregateAttestation, .syncContribution, .produceBlock, .blockHeader, .blockRoot,
            .blockAttestations, .committees, .events:
            nil
        }
    }

    /// A longer answer is refused.
    package var answerBytesMax: Int {
        switch self {
        case .genesis, .syncing, .peerCount, .nodeVersion, .nodeVersions, .attestationData, .syncContribution,
            .blockHeader, .blockRoot:
            64 << 10
        // Bits of all committees of a slot, twice as hex.
        case .aggregateAttestation: 256 << 10
        case .spec: 1 << 20
        // A row has some 600 bytes; 1 KiB leaves room for white space.
        case .validators(_, let selection), .validatorsByQuery(_, let selection):
            (selection.count ?? Self.validatorsMax) << 10 + 64 << 10
        case .attesterDuties(_, let indices), .syncDuties(_, let indices), .liveness(_, let indices):
            // Sync rows list up to 512 positions.
            min(indices.count, Self.validatorsMax) << 13 + 64 << 10
        // One row a slot; nodes have no business to send more.
        case .proposerDuties: 1 << 20
        // A block and its blobs, of which peers exchange 16 MiB at most; JSON doubles them.
        case .produceBlock: 32 << 20
        // 128 attestations before Electra, each of some kilobytes.
        case .blockAttestations: 4 << 20
        // 64 committees of 2048 validators at most, each an index as text.
        case .committees: 4 << 20
        case .submit: APIErrorBody.bytesMax
        // Unlimited as a whole: the parser bounds lines and events.
        case .events: .max
        }
    }
}
