import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Storage

@Suite struct InterchangeTests {
    private let chain = root(0xBB)

    private func read(
        _ text: String, _ current: [PubKey: AttestationWatermark] = [:], blocks: [PubKey: ProposalWatermark] = [:]
    ) throws(Interchange.ImportError) -> Interchange.Import {
        try Interchange.read(
            Array(text.utf8), genesisValidatorsRoot: chain,
            current: SlashingHistory(attestations: current, proposals: blocks))
    }

    private func file(_ attestations: String, blocks: String = "", key pubKey: PubKey = key(1)) -> String {
        """
        {"metadata": {"interchange_format_version": "5", "genesis_validators_root": "\(chain.hex)"},
         "data": [{"pubkey": "\(pubKey.hex)", "signed_blocks": [\(blocks)], "signed_attestations": [\(attestations)]}]}
        """
    }

    @Test("writes the minimal form, validators in order")
    func export() {
        let marks = [key(2): watermark(7, 8, 1), key(1): watermark(3, 4, 2)]
        let history = SlashingHistory(
            attestations: marks, proposals: [key(3): ProposalWatermark(slot: Slot(9), root: root(1))])
        let text = Interchange.export(history, genesisValidatorsRoot: chain).text()
        let metadata = #"{"interchange_format_version":"5","genesis_validators_root":"\#(chain.hex)"}"#
        let rows = [(key(1), 3, 4), (key(2), 7, 8)].map { pubKey, source, target in
            #"{"pubkey":"\#(pubKey.hex)","signed_blocks":[],"signed_attestations":"#
                + #"[{"source_epoch":"\#(source)","target_epoch":"\#(target)"}]}"#
        }
        let proposer = #"{"pubkey":"\#(key(3).hex)","signed_blocks":[{"slot":"9"}],"signed_attestations":[]}"#
        #expect(text == #"{"metadata":\#(metadata),"data":[\#((rows + [proposer]).joined(separator: ","))]}"#)
    }

    @Test("reads what it wrote; roots are then unknown")
    func roundTrip() throws {
        let marks = [key(2): watermark(7, 8, 1), key(1): watermark(3, 4, 2)]
        let history = SlashingHistory(
            attestations: marks, proposals: [key(2): ProposalWatermark(slot: Slot(9), root: root(1))])
        let bytes = Interchange.export(history, genesisValidatorsRoot: chain).bytes()
        let fresh = try Interchange.read(bytes, genesisValidatorsRoot: chain, current: SlashingHistory())
        #expect(fresh.raised.attestations == [key(2): watermark(7, 8, 0), key(1): watermark(3, 4, 0)])
        #expect(fresh.raised.proposals == [key(2): ProposalWatermark(slot: Slot(9), root: .zero)])
        #expect(fresh.validators == 2)
        // Into the journal that wrote it: which vote it was is not in the file, so that none is signed again.
        let again = try Interchange.read(bytes, genesisValidatorsRoot: chain, current: history).raised
        #expect(again.attestations == fresh.raised.attestations && again.proposals == fresh.raised.proposals)
        #expect(try Interchange.read(bytes, genesisValidatorsRoot: chain, current: fresh.raised).raised.isEmpty)
        let renamed = Interchange.export(history.of([key(2)]), genesisValidatorsRoot: chain) { _ in key(7) }
        #expect(renamed["data"]?.array?.compactMap { $0["pubkey"]?.string } == [key(7).hex])
    }

    @Test("takes the highest source and the highest target of a complete history")
    func history() throws {
        let text = file(
            """
            {"source_epoch": "2290", "target_epoch": "3007", "signing_root": "\(root(1).hex)"},
            {"source_epoch": "2995", "target_epoch": "3006"}
            """, blocks: #"{"slot": "81952"}, {"slot": "81951"}"#)
        let result = try read(text)
        #expect(result.raised.attestations == [key(1): watermark(2995, 3007, 0)])
        #expect(result.raised.proposals == [key(1): ProposalWatermark(slot: Slot(81952), root: .zero)])
    }

    @Test("never lowers; a vote for the same target may be another one")
    func merge() throws {
        func merged(_ source: Int, _ target: Int) throws -> AttestationWatermark? {
            let text = file(#"{"source_epoch": "\#(source)", "target_epoch": "\#(target)"}"#)
            return try read(text, [key(1): watermark(5, 10, 1)]).raised.attestations[key(1)]
        }
        #expect(try merged(4, 9) == nil)
        #expect(try merged(5, 10) == watermark(5, 10, 0))
        #expect(try merged(6, 10) == watermark(6, 10, 0))
        #expect(try merged(6, 9) == watermark(6, 10, 1))
        #expect(try merged(4, 11) == watermark(5, 11, 0))
    }

    @Test("blocks never fall; one of the same slot may be another one")
    func mergeBlocks() throws {
        func merged(_ slot: Int) throws -> ProposalWatermark? {
            let known = [key(1): ProposalWatermark(slot: Slot(20), root: root(1))]
            return try read(file("", blocks: #"{"slot": "\#(slot)"}"#), blocks: known).raised.proposals[key(1)]
        }
        #expect(try merged(19) == nil)
        #expect(try merged(20) == ProposalWatermark(slot: Slot(20), root: .zero))
        #expect(try merged(21) == ProposalWatermark(slot: Slot(21), root: .zero))
    }

    @Test("strangers alone are refused, unless they may be")
    func strangers() throws {
        let bytes = Array(file(#"{"source_epoch": "5", "target_epoch": "10"}"#).utf8)
        func read(_ mayBeStrange: Bool) throws -> Interchange.Import {
            try Interchange.read(
                bytes, genesisValidatorsRoot: chain, current: SlashingHistory(), mayBeStrange: mayBeStrange
            ) { _ in nil }
        }
        #expect(throws: Interchange.ImportError.noneKnown(1)) { try read(false) }
        #expect(try read(true).raised.isEmpty)
    }

    @Test("an imported target admits no further vote for it")
    func journalled() async throws {
        let folder = Folder()
        let journal = try folder.open()
        let imported = try read(file(#"{"source_epoch": "5", "target_epoch": "10"}"#))
        try await journal.commit(imported.raised.records)
        #expect(try await journal.watermarks() == [key(1): watermark(5, 10, 0)])
        await #expect(throws: JournalError.self) {
            try await journal.commit([.attestationWatermark(key(1), watermark(5, 10, 1))])
        }
        try await journal.commit([.attestationWatermark(key(1), watermark(5, 11, 1))])
    }

    @Test("refuses other chains, versions and nonsense")
    func refusals() throws {
        let good = file(#"{"source_epoch": "5", "target_epoch": "10"}"#)
        _ = try read(good)
        #expect(throws: Interchange.ImportError.otherChain(expected: chain, found: root(1))) {
            try read(good.replacing(chain.hex, with: root(1).hex))
        }
        #expect(throws: Interchange.ImportError.version("4")) {
            try read(good.replacing(#""5", "g"#, with: #""4", "g"#))
        }
        #expect(throws: Interchange.ImportError.epochs(key(1), source: 11, target: 10)) {
            try read(file(#"{"source_epoch": "11", "target_epoch": "10"}"#))
        }
        #expect(throws: Interchange.ImportError.epochs(key(1), source: 1, target: Epoch(UInt64.max))) {
            try read(file(#"{"source_epoch": "1", "target_epoch": "18446744073709551615"}"#))
        }
        #expect(throws: Interchange.ImportError.slot(key(1), Slot(UInt64.max))) {
            try read(file("", blocks: #"{"slot": "18446744073709551615"}"#))
        }
        for bad in [
            "", "[]", file("", blocks: #"{"slot": "-1"}"#), file("", blocks: "{}"), good + "x",
            good.replacing("0xc0", with: "0xc"), good.replacing("source_epoch", with: "source"),
            good.replacing(#""10""#, with: "10.5"), good.replacing(#""10""#, with: #""-1""#),
            good.replacing("signed_blocks", with: "blocks"),
        ] {
            do {
                _ = try read(bad)
                Issue.record("read \(bad)")
            } catch .json(let what) {
                #expect(!what.isEmpty)
            } catch {
                Issue.record("\(error)")
            }
        }
    }
}
