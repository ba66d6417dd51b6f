import BeaconTestSupport
import Cluster
import ClusterSetup
import ClusterTestSupport
import Cosigning
import Ethereum
import Logging
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Node

@Suite("fee recipients that operators have agreed on", .timeLimit(.minutes(2)))
struct FeeRecipientUpdatesTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let address = "0x1111111111111111111111111111111111111111"

    /// A change that three of four operators have signed for the first of two validators.
    private func withChange(
        _ body: (SmallCluster, ObolStandIn, FeeRecipientUpdates, RegistrationBook) async throws -> Void
    ) async throws {
        let cluster = try SmallCluster("updates", nodes: 4, validators: 2)
        let service = ObolStandIn(cluster)
        let keys = try ClusterKeys(cluster.lock)
        let verified = VerifiedCluster(cluster.lock, keys, .hoodi)
        try await FakeBeaconNode.with({ service.answer($0) }) { server in
            let url = try ServiceURL(server.url)
            for node in 0..<3 {
                var files = ClusterFiles()
                files.privateKeyFile = cluster.privateKeyFile(node)
                files.validatorKeysDirectory = cluster.keystores(node)
                try await WebClient.with(patience: 100) { web in
                    let notes = CommandNotes(say: { _ in }, warn: { _ in })
                    try await FeeRecipients(
                        verified, ObolAPI(url, web: web), overridesFile: cluster.directory.file("none"), notes: notes
                    ).sign(
                        [cluster.pubKeys[0]], feeRecipient: Self.address, gasLimit: 0, timestamp: 0,
                        seat: Seat(verified, files), now: SmallCluster.now)
                }
            }
            let book = RegistrationBook(Registrations(cluster.lock))
            let updates = FeeRecipientUpdates(book: book, logger: Self.quiet) { held in
                try await WebClient.with(patience: 100) { web in
                    try await AgreedRegistrations.poll(verified, ObolAPI(url, web: web), held: held.signed)
                }
            }
            try await body(cluster, service, updates, book)
        }
    }

    @Test("what is agreed on holds, once; then it is asked again in an hour")
    func takes() async throws {
        try await withChange { cluster, _, updates, book in
            let first = await updates.look()
            #expect(first.isChanged && first.pause == .seconds(3600))
            let feeRecipients = book.current.feeRecipients
            #expect(feeRecipients[cluster.pubKeys[0]]?.hex == Self.address)
            #expect(feeRecipients[cluster.pubKeys[1]]?.hex == SmallCluster.address.lowercased())
            #expect(await updates.look().isChanged == false)
        }
    }

    @Test("a service that is down or lies changes nothing, and does not stop the next look")
    func down() async throws {
        try await withChange { cluster, service, updates, book in
            let before = book.current
            service.replace { _ in .json("down", status: 503) }
            #expect(await updates.look().isChanged == false)
            service.replace { request in
                service.replace(nil)
                var answer = service.answer(request)
                let text = String(decoding: answer.body, as: UTF8.self)
                answer.body = Array(text.replacing("\"gas_limit\":\"60000000\"", with: "\"gas_limit\":\"1\"").utf8)
                return answer
            }
            let lie = await updates.look()
            #expect(!lie.isChanged && lie.pause == .seconds(3600) && book.current == before)
            #expect(await updates.look().isChanged)
        }
    }

    @Test("with something agreed on for every validator, once a day is enough")
    func complete() async throws {
        let cluster = try SmallCluster("updates", nodes: 4, validators: 2)
        let book = RegistrationBook(Registrations(cluster.lock))
        let complete = AgreedRegistrations(
            overrides: RegistrationOverrides(verified: [:]), faults: [], isComplete: true)
        let updates = FeeRecipientUpdates(book: book, logger: Self.quiet) { _ in complete }
        #expect(await updates.look().pause == .seconds(86_400))
    }

    @Test("the flag needs an address to ask")
    func configuration() throws {
        var configuration = NodeConfiguration()
        configuration.beaconNodeEndpoints = ["http://localhost:5052"]
        configuration.publishAddress = ""
        try configuration.validate()
        configuration.fetchesFeeRecipientUpdates = true
        let error = #expect(throws: (any Error).self) { try configuration.validate() }
        #expect("\(String(describing: error))".contains("--publish-address"))
        configuration.publishAddress = ObolAPI.defaultAddress
        try configuration.validate()
    }
}
