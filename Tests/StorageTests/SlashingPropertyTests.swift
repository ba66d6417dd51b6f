import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import Storage

/// Whatever is signed, imported, exported, swept and restarted, in whatever order: nothing that is let through can be
/// slashed for, beside anything that was let through or imported before.
@Suite struct SlashingPropertyTests {
    private struct Vote: Equatable, Sendable {
        var source: UInt64
        var target: UInt64
        /// nil for one that was imported: nobody knows what it was over.
        var root: UInt8?
    }

    private struct Block: Equatable, Sendable {
        var slot: UInt64
        var root: UInt8?
    }

    /// Source: consensus-specs, `is_slashable_attestation_data`.
    private static func isSlashable(_ a: Vote, _ b: Vote) -> Bool {
        if a == b, a.root != nil { return false }
        if a.target == b.target { return true }
        let (outer, inner) = a.source < b.source ? (a, b) : (b, a)
        return outer.source < inner.source && inner.target < outer.target
    }

    private static func isSlashable(_ a: Block, _ b: Block) -> Bool { a.slot == b.slot && (a != b || a.root == nil) }

    /// One validator's past, at whichever node it is now.
    private struct Past {
        var votes: [Vote] = []
        var blocks: [Block] = []
    }

    private final class Scene {
        var folder = Folder()
        var journal: Journal
        var past: [PubKey: Past] = [:]
        var generator: SeededGenerator
        var counts = (signed: 0, refused: 0, imported: 0)

        init(seed: UInt64) throws {
            generator = SeededGenerator(seed: seed)
            journal = try folder.open()
        }

        func number(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &generator) }
        var someKey: PubKey { key(Int.random(in: 0..<2, using: &generator)) }

        /// Epochs near each other, so that they collide.
        func someVote() -> Vote {
            let target = number(1...30)
            return Vote(source: number(0...target), target: target, root: UInt8(number(1...2)))
        }

        /// As the node does it: asked first, then durable, then signed.
        func vote() async throws {
            let (pubKey, new) = (someKey, someVote())
            // The root is of the whole vote.
            let mark = AttestationWatermark(
                source: Epoch(new.source), target: Epoch(new.target),
                dataRoot: Root(padding: [UInt8(new.source), UInt8(new.target), new.root ?? 0]))
            if try await journal.slashingHistory().attestations[pubKey]?.refusal(of: mark) != nil {
                counts.refused += 1
                return
            }
            try await journal.commit([.attestationWatermark(pubKey, mark)])
            // The very same again is no second vote.
            if past[pubKey]?.votes.contains(new) == true { return }
            let clash = past[pubKey]?.votes.first { SlashingPropertyTests.isSlashable($0, new) }
            #expect(clash == nil, "\(new) after \(past[pubKey]?.votes ?? [])")
            past[pubKey, default: Past()].votes.append(new)
            counts.signed += 1
        }

        func propose() async throws {
            let (pubKey, new) = (someKey, Block(slot: number(1...40), root: UInt8(number(1...2))))
            let mark = ProposalWatermark(slot: Slot(new.slot), root: root(new.root ?? 0))
            if try await journal.slashingHistory().proposals[pubKey]?.refusal(of: mark) != nil {
                counts.refused += 1
                return
            }
            try await journal.commit([.proposalWatermark(pubKey, mark)])
            if past[pubKey]?.blocks.contains(new) == true { return }
            let clash = past[pubKey]?.blocks.first { SlashingPropertyTests.isSlashable($0, new) }
            #expect(clash == nil, "\(new) after \(past[pubKey]?.blocks ?? [])")
            past[pubKey, default: Past()].blocks.append(new)
            counts.signed += 1
        }

        /// A complete history of elsewhere; what it holds may clash with itself and with ours.
        func takeUp() async throws {
            let pubKey = someKey
            let votes = (0..<number(0...3)).map { _ in someVote() }
            let slots = (0..<number(0...3)).map { _ in number(1...40) }
            let file: JSONValue = [
                "metadata": [
                    "interchange_format_version": "5", "genesis_validators_root": .string(root(0xBB).hex),
                ],
                "data": [
                    [
                        "pubkey": pubKey.json(),
                        "signed_blocks": .array(slots.map { ["slot": .string(String($0))] }),
                        "signed_attestations": .array(
                            votes.map {
                                [
                                    "source_epoch": .string(String($0.source)),
                                    "target_epoch": .string(String($0.target)),
                                ]
                            }),
                    ]
                ],
            ]
            try await read(file.bytes())
            past[pubKey, default: Past()].votes += votes.map { Vote(source: $0.source, target: $0.target) }
            past[pubKey, default: Past()].blocks += slots.map { Block(slot: $0) }
            counts.imported += 1
        }

        private func read(_ bytes: [UInt8]) async throws {
            let current = try await journal.slashingHistory()
            let taken = try Interchange.read(bytes, genesisValidatorsRoot: root(0xBB), current: current)
            try await journal.commit(taken.raised.records)
            let after = try await journal.slashingHistory()
            for (pubKey, old) in current.attestations {
                #expect(after.attestations[pubKey].map { $0.source >= old.source && $0.target >= old.target } == true)
            }
            for (pubKey, old) in current.proposals {
                #expect(after.proposals[pubKey].map { $0.slot >= old.slot } == true)
            }
        }

        func restart() async throws {
            await journal.close()
            journal = try folder.open(at: Slot(number(0...100)))
            try await journal.housekeep(at: Slot(number(0...1_000_000)))
        }

        /// To another machine, by file.
        func move() async throws {
            let history = try await journal.slashingHistory()
            let bytes = Interchange.export(history, genesisValidatorsRoot: root(0xBB)).bytes()
            await journal.close()
            folder = Folder()
            journal = try folder.open()
            try await read(bytes)
            // From here on what was signed is known by its numbers only: the same once more is a second one.
            past = past.mapValues { each in
                var known = each
                known.votes = each.votes.map { Vote(source: $0.source, target: $0.target) }
                known.blocks = each.blocks.map { Block(slot: $0.slot) }
                return known
            }
        }
    }

    @Test("nothing that is let through can be slashed for", arguments: UInt64(0)..<8)
    func property(seed: UInt64) async throws {
        let scene = try Scene(seed: seed)
        for _ in 0..<80 {
            switch scene.number(0...19) {
            case 0: try await scene.takeUp()
            case 1: try await scene.restart()
            case 2: try await scene.move()
            case 3...8: try await scene.propose()
            default: try await scene.vote()
            }
        }
        await scene.journal.close()
        #expect(scene.counts.signed > 4 && scene.counts.refused > 4)
    }

    @Test("the rule finds what is slashable: these tests can fail")
    func rule() {
        func slashable(_ a: Vote, _ b: Vote) -> Bool { Self.isSlashable(a, b) && Self.isSlashable(b, a) }
        let vote = Vote(source: 3, target: 6, root: 1)
        #expect(slashable(vote, Vote(source: 3, target: 6, root: 2)) && slashable(vote, Vote(source: 2, target: 6)))
        #expect(slashable(vote, Vote(source: 2, target: 7, root: 1)) && slashable(vote, Vote(source: 4, target: 5)))
        #expect(!slashable(vote, vote) && !slashable(vote, Vote(source: 3, target: 7, root: 1)))
        #expect(!slashable(vote, Vote(source: 3, target: 5)) && !slashable(vote, Vote(source: 6, target: 8)))
        #expect(Self.isSlashable(Block(slot: 1, root: 1), Block(slot: 1, root: 2)))
        #expect(!Self.isSlashable(Block(slot: 1, root: 1), Block(slot: 1, root: 1)))
    }
}
