import BeaconAPI
import HTTPTypes

/// A request that we answer ourselves.
struct Endpoint: Sendable {
    enum Bodies: Sendable {
        case json
        case jsonOrSSZ
        /// Nothing is read, so that any type will do.
        case ignored
    }

    /// The label of metrics.
    let name: String
    let method: HTTPRequest.Method
    let path: PathPattern
    var bodies = Bodies.json
    /// Event streams have no time bound.
    var isBounded = true
    /// Whether the body is a block, which may be large.
    var takesBlocks = false
    let answer: @Sendable (APICall) async throws -> Reply

    init(
        _ name: String, _ method: HTTPRequest.Method, _ path: String, bodies: Bodies = .json, isBounded: Bool = true,
        takesBlocks: Bool = false, answer: @escaping @Sendable (APICall) async throws -> Reply
    ) {
        self.name = name
        self.method = method
        self.path = PathPattern(path)
        self.bodies = bodies
        self.isBounded = isBounded
        self.takesBlocks = takesBlocks
        self.answer = answer
    }

    /// The type of a request's body, checked before anything else, for GET as well (validator-api.md §1.1).
    func bodyType(contentType: String?) throws(APIFault) -> BodyType {
        if case .ignored = bodies { return (try? BodyType(contentType: contentType)) ?? .json }
        let type = try BodyType(contentType: contentType)
        if case .json = bodies, type == .ssz { throw .wrongContentType }
        return type
    }
}

/// Everything that is not passed on to beacon nodes. One file for each group in `Endpoints/`.
struct EndpointTable: Sendable {
    let backend: any ValidatorAPIBackend
    let keys: KeyTranslation
    let nodeVersion: String
    /// See `ValidatorAPIConfiguration`.
    let selectionGrace: Duration
    var wished: @Sendable ([PaymentWish]) -> Void = { _ in }
    let places = SelectionPlaces()

    /// Order matters only where two patterns match the same path: the first wins.
    var all: [Endpoint] {
        [attesterDuties] + proposerDuties + [syncDuties, attestationData, submitAttestations] + validators
            + [beaconCommitteeSelections, aggregateAttestation, submitAggregateAndProofs]
            + [submitSyncMessages, syncCommitteeSelections, syncCommitteeContribution, submitContributionAndProofs]
            + [produceBlock] + publishBlock + [submitVoluntaryExit, exitProgress]
            + [.nodeVersion(nodeVersion), events] + swallowed + removed
            + unsupported
    }
}
