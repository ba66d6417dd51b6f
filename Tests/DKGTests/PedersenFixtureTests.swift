import BLS
import SSZ
import TestSupport
import Testing

@testable import DKG

/// Fixtures/pedersen.json: our own, computed by Fixtures/pedersen.py from the text of the specification with libraries
/// unrelated to ours.
@Suite("Pedersen runs computed elsewhere")
struct PedersenFixtureTests {
    @Test("a key generation and a reshare are reproduced")
    func reproduced() throws {
        let document = try Fixtures.json("pedersen.json")
        let fresh = try document.member("fresh")
        try check(fresh, leaving: [], old: nil)
        let secrets = try fresh.secrets("shares")
        let old = PedersenTable.Shared(
            key: try PublicKey(Bytes48(hex: fresh.text("public_key"))),
            secrets: Dictionary(uniqueKeysWithValues: secrets.enumerated().map { ($0.offset, $0.element) }),
            threshold: try fresh.number("threshold"))
        try check(document.member("reshare"), leaving: [1], old: old)
    }

    private func check(_ vector: JSONValue, leaving: Set<Int>, old: PedersenTable.Shared?) throws {
        let rows = try vector.rows("nodes")
        let nodes = try rows.enumerated().map { participant, row in
            PedersenNode(
                participant: participant, index: try row.number("index"), key: try row.secret("key").publicKey,
                receives: !leaving.contains(participant))
        }
        var runs = try rows.indices.map { participant in
            let roster = try PedersenRoster(
                nodes, own: participant, threshold: vector.number("threshold"), oldThreshold: old?.threshold)
            let dealing = try PedersenDealing(
                coefficients: rows[participant].secrets("coefficients"),
                ephemerals: rows[participant].secrets("ephemerals"))
            let sharing = old.map {
                PedersenSharing(
                    key: $0.key, publicShares: $0.secrets.mapValues(\.publicKey), secret: $0.secrets[participant])
            }
            return try PedersenRun(
                roster, validator: vector.number("run"), nodeKey: rows[participant].secret("key"), dealing: dealing,
                sharing: sharing)
        }
        var effects = runs.indices.map { runs[$0].start() }
        for participant in runs.indices {
            #expect(try runs[participant].nonce == vector.hash("nonce"))
            try check(runs[participant].sent[0], rows[participant])
        }
        for kind in 0..<2 {
            for from in runs.indices where runs[from].sent.count > kind {
                let bundle = runs[from].sent[kind]
                for to in runs.indices where to != from { effects[to] += runs[to].receive(bundle, from: from) }
            }
        }
        for (participant, node) in nodes.enumerated() where node.receives {
            #expect(
                try runs[participant].sent[1].signature
                    == Bytes96(hex: rows[participant].text("response_signature")))
            let outcome = try #require(
                effects[participant].compactMap { if case .finished(let outcome) = $0 { outcome } else { nil } }.first)
            let receiver = try #require(runs[participant].ownReceiver)
            #expect(try outcome.key.bytes == Bytes48(hex: vector.text("public_key")))
            #expect(try outcome.secret.exposedBytes() == vector.secrets("shares")[receiver].exposedBytes())
            #expect(
                try (1...outcome.publicShares.count).map { outcome.publicShares[$0]?.bytes }
                    == vector.rows("public_shares").map { try Bytes48(hex: $0.string ?? "") })
        }
    }

    /// The deals, and a justification that the run has no use for.
    private func check(_ deals: PedersenBundle, _ row: JSONValue) throws {
        guard case .deals(let bundle) = deals else { return }
        #expect(try bundle.publicPoints == row.rows("commitments").map { try Bytes48(hex: $0.string ?? "") })
        #expect(
            try bundle.deals.map(\.encryptedShare)
                == row.rows("deals").map { try Hex.decode($0.string ?? "", bytesMax: 96) })
        #expect(try bundle.signature == Bytes96(hex: row.text("deal_signature")))
        guard let expected = row["justification_of_receiver_0"]?.string else { return }
        let share = try SecretPolynomial(coefficients: row.secrets("coefficients")).share(1)
        let justification = PedersenBundle.justifications(
            .init(
                dealerIndex: bundle.dealerIndex,
                justifications: [.init(shareIndex: 0, share: try #require(Bytes32(share.exposedBytes())))],
                session: bundle.session, signature: .zero))
        #expect(try justification.signed(by: row.secret("key")).signature == Bytes96(hex: expected))
    }
}
