import BLS
import SSZ
import TestSupport
import Testing

@testable import DKG

@Suite("Pedersen key generations of others")
struct PedersenVectorTests {
    static let recordings = Recording.names.filter { name in
        !name.contains("frost") && !name.hasPrefix("sync-")
    }

    /// Every node with the secrets that it drew, and the bundles of the others: what it sends and what it gets are the
    /// recorded ones. Key generations, one of them with a complaint, and all kinds of reshares.
    @Test("nodes of Charon are reproduced", .enabled(if: Recording.areThere), arguments: recordings)
    func recorded(_ name: String) throws {
        let vector = try RecordedPedersen(Recording(name))
        for run in 0..<vector.recording.validators {
            for participant in vector.recording.keys.indices {
                try check(vector, run: run, participant: participant)
            }
        }
    }

    private func check(_ vector: RecordedPedersen, run number: Int, participant: ParticipantIndex) throws {
        var run = try vector.run(number, of: participant)
        #expect(run.nonce == (try vector.nonce(number, of: participant)))
        let bundles = try vector.bundles(run.nonce)
        var effects = run.start()
        for (from, bundle) in bundles where from != participant { effects += run.receive(bundle, from: from) }
        // Only the complaint takes its time.
        if vector.recording.name == "pedersen-complaint", number == 0 { effects += run.tick(.over) }

        let ours = bundles.filter { $0.from == participant }.map(\.bundle)
        if vector.isWrong(number, participant) {
            #expect(run.sent.map(\.kind) == ours.map(\.kind))
            #expect(Array(run.sent.dropFirst()) == Array(ours.dropFirst()))
        } else {
            #expect(run.sent == ours)
        }

        let outcome = try #require(
            effects.compactMap { if case .finished(let outcome) = $0 { outcome } else { nil } }.first)
        let stored = try vector.keystores(participant)[number]
        #expect(outcome.secret.exposedBytes() == stored.exposedBytes())
        let validator = try vector.validator(number)
        #expect(outcome.key.bytes.bytes == validator.publicKey)
        #expect(
            (1...outcome.publicShares.count).map { outcome.publicShares[$0]?.bytes.bytes } == validator.publicShares)
        #expect(
            vector.keyShares(from: participant)[number]
                == outcome.publicShares[run.ownReceiver.map { $0 + 1 } ?? 0]?.bytes)
    }

    @Test("shares are encrypted as Charon does", .enabled(if: Recording.areThere), arguments: recordings)
    func encryption(_ name: String) throws {
        let vector = try RecordedPedersen(Recording(name))
        var count = 0
        for number in 0..<vector.recording.validators {
            for participant in vector.recording.keys.indices {
                let run = try vector.run(number, of: participant)
                guard let deals = try vector.bundles(run.nonce).first(where: { $0.from == participant })?.bundle,
                    case .deals(let bundle) = deals
                else { continue }
                for (row, deal) in zip(try vector.encryptions(number, of: participant), bundle.deals) {
                    let (ephemeral, share) = (try row.secret("r"), try row.secret("share"))
                    let key = run.roster.receivers[deal.shareIndex].key
                    #expect(try ephemeral.publicKey.bytes == Bytes48(hex: row.text("R")))
                    #expect(ShareEncryption.seal(share, to: key, ephemeral: ephemeral) == deal.encryptedShare)
                    let receiver = run.roster.receivers[deal.shareIndex].participant
                    let opened = ShareEncryption.open(deal.encryptedShare, with: try vector.nodeKey(receiver))
                    #expect(opened?.exposedBytes() == share.exposedBytes())
                    count += 1
                }
            }
        }
        #expect(count >= 2)
    }

    @Test("a sealed share opens for nobody else, nor changed")
    func sealing() throws {
        var generator = SeededGenerator(seed: 1)
        let keys = (0..<4).map { _ in SecretKey.random(using: &generator) }
        let sealed = ShareEncryption.seal(keys[0], to: keys[1].publicKey, ephemeral: keys[2])
        #expect(ShareEncryption.open(sealed, with: keys[1])?.exposedBytes() == keys[0].exposedBytes())
        #expect(ShareEncryption.open(sealed, with: keys[3]) == nil)
        for position in sealed.indices {
            var changed = sealed
            changed[position] ^= 1
            #expect(ShareEncryption.open(changed, with: keys[1]) == nil)
        }
        for count in [0, 1, 47, 48, 95, 97] {
            #expect(ShareEncryption.open(Array((sealed + [0]).prefix(count)), with: keys[1]) == nil)
        }
    }

    static let thresholds = "cluster/dv-specs/bls_threshold.json"

    @Test("a sharing of the specifications is shared anew", .enabled(if: Vectors.has(thresholds)))
    func specified() throws {
        let document = try Vectors.json(Self.thresholds)
        var secrets: [Int: SecretKey] = [:]
        for row in try document.rows("partials") {
            let input = try row.member("input")
            secrets[try input.number("share_idx") - 1] = try input.secret("secret_hex")
        }
        let key = try PublicKey(Bytes48(hex: document.text("group_pubkey_hex")))
        let old = PedersenTable.Shared(key: key, secrets: secrets, threshold: 3)
        let seats = (0..<5).map { PedersenTable.Seat(index: $0, deals: $0 < 4, receives: $0 != 0) }
        var table = try PedersenTable(seats, threshold: 2, old: old)
        try table.run()
        let shares = Dictionary(
            uniqueKeysWithValues: try #require(try table.shared()).secrets.map { ($0.key + 1, $0.value) })
        let secret = try SecretKey.recover(from: shares.filter { $0.key > 2 })
        #expect(try secret.exposedBytes() == document.secret("group_secret_hex").exposedBytes())
    }

    static let protocols = "cluster/derived/protocol.json"

    @Test("hashes, nonces and encryption of the specification", .enabled(if: Vectors.has(protocols)))
    func derived() throws {
        let vector = try Vectors.json(Self.protocols).member("pedersen")
        let secrets = try vector.secrets("node_secrets")
        let nodes = secrets.enumerated().map {
            PedersenNode(participant: $0.offset, index: $0.offset, key: $0.element.publicKey)
        }
        let roster = try PedersenRoster(nodes, own: 0, threshold: 2)
        #expect(try roster.nonce(run: 0) == vector.hash("nonce_run_0"))
        #expect(try roster.nonce(run: 1) == vector.hash("nonce_run_1"))

        var parts = BundleParts(
            .deals(.init(dealerIndex: 0, deals: [], publicPoints: [], session: .zero, signature: .zero)))
        let deals = try vector.member("deal_bundle")
        parts.session = try deals.hash("session_id")
        parts.points = try deals.rows("public").map { try Bytes48(hex: $0.string ?? "") }
        parts.deals = try deals.rows("deals").map {
            (try $0.number("share_index"), try Hex.decode($0.text("encrypted_share"), bytesMax: 96))
        }
        let signed = parts.bundle.signed(by: secrets[0])
        #expect(try signed.hash == deals.hash("hash"))
        #expect(try signed.signature == Bytes96(hex: deals.text("signature_by_node_0")))
        #expect(signed.isSigned(by: nodes[0].key) && !signed.isSigned(by: nodes[1].key))
        parts.deals.reverse()
        #expect(try parts.bundle.hash == deals.hash("hash"))

        let responses = try vector.member("response_bundle")
        let response = ResponseBundleMessage(
            shareIndex: 1,
            responses: [(0, true), (1, true), (2, false)].map { .init(dealerIndex: $0, isGood: $1) },
            session: try responses.hash("session_id"), signature: .zero)
        #expect(try PedersenBundle.responses(response).hash == responses.hash("hash"))
        let justifications = try vector.member("justification_bundle")
        let five = try #require(Bytes32([UInt8](repeating: 0, count: 31) + [5]))
        let justification = JustificationBundleMessage(
            dealerIndex: 2, justifications: [.init(shareIndex: 1, share: five)],
            session: try justifications.hash("session_id"), signature: .zero)
        #expect(try PedersenBundle.justifications(justification).hash == justifications.hash("hash"))

        let ecies = try vector.member("ecies")
        let sealed = ShareEncryption.seal(
            try ecies.secret("plaintext"), to: try ecies.secret("recipient_secret").publicKey,
            ephemeral: try ecies.secret("ephemeral_scalar"))
        #expect(try sealed == Hex.decode(ecies.text("encrypted_share"), bytesMax: 96))
    }
}
