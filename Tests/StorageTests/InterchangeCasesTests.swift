import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import Storage

/// The rules of EIP-3076 as files: what each allows afterwards, or why it is refused.
@Suite struct InterchangeCasesTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let files: [JSONValue]
        /// Part of the refusal's text; nil for a file that is taken.
        let error: String?
        let json: JSONValue

        var testDescription: String { name }
    }

    private static let document = Result { try Fixtures.json("interchange-cases.json") }

    static let cases: [Case] = ((try? document.get()["cases"]?.array) ?? []).map { json in
        Case(
            name: json["name"]?.string ?? "?", files: json["files"]?.array ?? [], error: json["error"]?.string,
            json: json)
    }

    private let pubKey: PubKey
    private let chain: Root

    init() throws {
        let document = try Self.document.get()
        pubKey = try document.member("pubkey", PubKey.init(json:))
        chain = try document.member("genesis_validators_root", Root.init(json:))
    }

    private func numbers(_ name: String, _ row: Case) -> [[UInt64]] {
        (row.json[name]?.array ?? []).map { ($0.array ?? [$0]).compactMap(\.uint64) }
    }

    @Test("there are cases") func some() { #expect(Self.cases.count > 50) }

    @Test("a file is taken for what it forbids, or refused with the reason", arguments: cases)
    func rules(row: Case) async throws {
        let folder = Folder()
        let journal = try folder.open()
        var last: Interchange.Import?
        for file in row.files {
            let current = try await journal.slashingHistory()
            do {
                let read = try Interchange.read(file.bytes(), genesisValidatorsRoot: chain, current: current)
                try await journal.commit(read.raised.records)
                last = read
            } catch let error as Interchange.ImportError {
                let expected = try #require(row.error, "\(error)")
                #expect("\(error)".contains(expected))
                #expect(try await journal.slashingHistory() == current)
                return
            }
        }
        #expect(row.error == nil, "was read")
        #expect(last?.validators == row.json["validators"]?.integer.map { Int($0) })
        // As it is after a restart and without the old rows.
        try await journal.housekeep(at: 1_000_000)
        await journal.close()
        let reopened = try folder.open()
        let history = try await reopened.slashingHistory()
        for (name, isAllowed) in [("may_vote", true), ("must_not_vote", false)] {
            for vote in numbers(name, row) {
                let new = watermark(vote[0], vote[1], 7)
                let refusal = history.attestations[pubKey]?.refusal(of: new)
                #expect((refusal == nil) == isAllowed, "\(vote)")
            }
        }
        for (name, isAllowed) in [("may_propose", true), ("must_not_propose", false)] {
            for slot in numbers(name, row).flatMap(\.self) {
                let new = ProposalWatermark(slot: Slot(slot), root: root(7))
                let refusal = history.proposals[pubKey]?.refusal(of: new)
                #expect((refusal == nil) == isAllowed, "\(slot)")
            }
        }
        // What it wrote is a file of the same meaning.
        let written = Interchange.export(history, genesisValidatorsRoot: chain).bytes()
        let again = try Interchange.read(written, genesisValidatorsRoot: chain, current: SlashingHistory())
        #expect(again.raised.attestations == history.attestations && again.raised.proposals == history.proposals)
        await reopened.close()
    }
}
