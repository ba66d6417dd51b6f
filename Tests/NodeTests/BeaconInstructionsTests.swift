import BeaconAPI
import BeaconClient
import Ethereum
import Logging
import Program
import SSZ
import Synchronization
import Testing

@testable import Cluster
@testable import Node

@Suite("What a node tells its beacon nodes unasked", .timeLimit(.minutes(1)))
struct BeaconInstructionsTests {
    /// What was told, and whether it is taken.
    private final class Post: Sendable {
        struct Letters {
            var preparations: [[ProposerPreparation]] = []
            var registrations: [[SignedValidatorRegistration]] = []
            var committees: [[BeaconCommitteeSubscription]] = []
            var syncs: [[SyncCommitteeSubscription]] = []
        }

        private let letters = Mutex(Letters())
        private let refused = Mutex(false)
        let selected = Mutex<[ValidatorIndex: Bool]>([:])
        private let stream: AsyncStream<Void>
        private let sink: AsyncStream<Void>.Continuation

        init() { (stream, sink) = AsyncStream.makeStream(of: Void.self) }

        var all: Letters { letters.withLock { $0 } }
        func refuse(_ refuses: Bool) { refused.withLock { $0 = refuses } }

        func take<Row>(_ rows: [Row], _ place: WritableKeyPath<Letters, [[Row]]> & Sendable) throws(BeaconError) {
            if refused.withLock({ $0 }) { throw BeaconError(endpoint: "post", node: "test", cause: .timeout) }
            letters.withLock { $0[keyPath: place].append(rows) }
            sink.yield()
        }

        func wait(until isEnough: (Letters) -> Bool) async {
            var iterator = stream.makeAsyncIterator()
            while !isEnough(all), await iterator.next() != nil {}
        }
    }

    private let scene: DutyScene
    private let post = Post()

    init() throws { scene = try DutyScene(validators: 3) }

    private func address(_ byte: UInt8) -> Bytes20 { Bytes20(padding: [byte]) }

    /// Registrations and addresses of the first two validators; the third is left to the beacon node.
    private func book() -> RegistrationBook {
        var lock = Lock()
        for (position, validator) in scene.validators.enumerated() {
            var row = DistributedValidator()
            row.publicKey = validator.pubKey.bytes
            var rows = ValidatorAddresses(feeRecipient: "", withdrawal: "")
            if position < 2 {
                rows.feeRecipient = address(UInt8(position + 1)).hex
                row.builderRegistration.gasLimit = 36_000_000
                row.builderRegistration.signature = [UInt8](repeating: UInt8(position + 1), count: 96)
            }
            lock.validators.append(row)
            lock.definition.validators.append(rows)
        }
        return RegistrationBook(Registrations(lock))
    }

    private func member(_ position: Int) -> SyncDuty {
        var row = SyncDuty()
        row.pubKey = scene.validators[position].pubKey
        row.validatorIndex = scene.validators[position].row.validatorIndex
        row.validatorSyncCommitteeIndices = [3, 200]
        return row
    }

    private func instructions(usesBuilder: Bool = false, knowsNextEpoch: Bool = true) -> BeaconInstructions {
        let (scene, post, member) = (scene, post, member(1))
        let rows = scene.validators.map { validator in
            var row = validator.row
            row.slot = scene.slot + 3
            return row
        }
        let validators = ActiveValidators(
            pubKeys: scene.validators.map(\.pubKey), clock: scene.chain.clock
        ) { _ async throws(BeaconError) in
            scene.validators.map { scene.beaconRow($0) }
        }
        let duties = DutiesSource(
            .init(
                attesters: { epoch, _, _ async throws(BeaconError) in
                    guard epoch == DutyScene.epoch || knowsNextEpoch else {
                        throw BeaconError(endpoint: "duties", node: "test", cause: .timeout)
                    }
                    let answered = epoch == DutyScene.epoch ? rows : []
                    return DutiesAnswer(dependentRoot: .zero, isExecutionOptimistic: false, rows: answered)
                },
                proposers: { _, _ async throws(BeaconError) in
                    DutiesAnswer(dependentRoot: .zero, isExecutionOptimistic: false, rows: [])
                },
                syncs: { _, _ async throws(BeaconError) in
                    DutiesAnswer(dependentRoot: nil, isExecutionOptimistic: false, rows: [member])
                }), clock: scene.chain.clock)
        return BeaconInstructions(
            book: book(), pubKeyCount: 3, usesBuilder: usesBuilder, validators: validators, duties: duties,
            chain: scene.chain,
            hands: .init(
                prepare: { rows async throws(BeaconError) in try post.take(rows, \.preparations) },
                register: { rows async throws(BeaconError) in try post.take(rows, \.registrations) },
                subscribe: { rows async throws(BeaconError) in try post.take(rows, \.committees) },
                subscribeSync: { rows async throws(BeaconError) in try post.take(rows, \.syncs) },
                aggregators: { rows in post.selected.withLock { known in rows.map { known[$0.validatorIndex] } } }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("each active validator with an address is prepared, under its index; the others are left to the beacon node")
    func preparations() async throws {
        try await instructions().carryOut(.feeRecipients)
        let expected = scene.validators.prefix(2).enumerated().map { position, validator in
            ProposerPreparation(
                validatorIndex: validator.row.validatorIndex, feeRecipient: address(UInt8(position + 1)))
        }
        #expect(post.all.preparations == [expected])
    }

    @Test("builders get the registrations as the lock has them")
    func registrations() async throws {
        try await instructions(usesBuilder: true).carryOut(.registrations(part: 0))
        let sent = try #require(post.all.registrations.first)
        #expect(sent.count == 2 && sent.allSatisfy { $0.message.gasLimit == 36_000_000 })
        #expect(sent.map(\.message.pubKey) == scene.validators.prefix(2).map(\.pubKey).sorted())
    }

    @Test("committees are told, and again only for whom the cluster's proof selects")
    func committees() async throws {
        let instructions = instructions()
        post.selected.withLock { $0 = [7: true] }
        try await instructions.carryOut(.committees)
        try await instructions.carryOut(.committees)
        #expect(post.all.committees.map { $0.map(\.isAggregator) } == [[true, false, false]])
        post.selected.withLock { $0 = [7: true, 8: true, 9: false] }
        try await instructions.carryOut(.committees)
        try await instructions.carryOut(.committees)
        #expect(post.all.committees.count == 2 && post.all.committees[1].map(\.validatorIndex) == [8])
    }

    @Test("this epoch's committees do not wait for the next one's, which are asked for again")
    func nextEpochUnknown() async throws {
        await #expect(throws: BeaconError.self) {
            try await instructions(knowsNextEpoch: false).carryOut(.committees)
        }
        #expect(post.all.committees.count == 1)
    }

    @Test("sync committee seats are told until the period's end")
    func syncs() async throws {
        try await instructions().carryOut(.syncCommittees)
        #expect(post.all.syncs == [[SyncCommitteeSubscription(member(1), until: 256)]])
    }

    @Test("what a validator client subscribed through this node is not told again, unreadable requests say nothing")
    func heard() async throws {
        let instructions = instructions()
        var row = scene.validators[0].row
        row.slot = scene.slot + 3
        let committees = JSONValue.array([BeaconCommitteeSubscription(row, isAggregator: false).json()])
        let syncs = JSONValue.array([SyncCommitteeSubscription(member(1), until: 256).json()])
        let path = "/eth/v1/validator/"
        for (target, body) in [
            ("beacon_committee_subscriptions?x=1", committees.bytes()), ("sync_committee_subscriptions", syncs.bytes()),
            ("beacon_committee_subscriptions", Array("[{}]".utf8)), ("sync_committee_subscriptions", []),
            ("prepare_beacon_proposer", committees.bytes()),
        ] {
            instructions.heard(ProxyRequest(method: "POST", target: path + target, body: body))
        }
        try await instructions.carryOut(.committees)
        try await instructions.carryOut(.syncCommittees)
        #expect(post.all.committees.map { $0.map(\.validatorIndex) } == [[8, 9]] && post.all.syncs.isEmpty)
        // Until a beacon node has forgotten it.
        instructions.startOver()
        try await instructions.carryOut(.committees)
        try await instructions.carryOut(.syncCommittees)
        #expect(post.all.committees[1].count == 3 && post.all.syncs.count == 1)
    }

    @Test("only with a builder are registrations told; everything else is told at the start", arguments: [true, false])
    func runs(usesBuilder: Bool) async throws {
        let instructions = instructions(usesBuilder: usesBuilder)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await instructions.run() }
            await post.wait {
                !$0.preparations.isEmpty && !$0.committees.isEmpty && !$0.syncs.isEmpty
                    && $0.registrations.isEmpty != usesBuilder
            }
            group.cancelAll()
        }
        #expect(post.all.registrations.isEmpty != usesBuilder)
    }

    @Test("what no beacon node took is told again when one comes back")
    func comesBack() async throws {
        post.refuse(true)
        let (post, instructions) = (post, instructions())
        let reconnections = Reconnections()
        reconnections.observe {
            post.refuse(false)
            instructions.startOver()
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await instructions.run() }
            reconnections.note(0)
            await post.wait { !$0.preparations.isEmpty && !$0.committees.isEmpty && !$0.syncs.isEmpty }
            group.cancelAll()
        }
        #expect(reconnections.take() == [0])
    }
}
