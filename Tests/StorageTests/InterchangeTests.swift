import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Storage

@Suite struct InterchangeTests {
    private let chain = root(0xBB)

    private func read(
        _ text: String, _ current: [PubKey: AttestationWatermark] = [:]
    ) throws(Interchange.ImportError) -> Interchange.Import {
        try Interchange.read(Array(text.utf8), genesisValidatorsRoot: chain, current: current)
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
        let text = Interchange.export(marks, genesisValidatorsRoot: chain).text()
        let metadata = #"{"interchange_format_version":"5","genesis_validators_root":"\#(chain.hex)"}"#
        let rows = [(key(1), 3, 4), (key(2), 7, 8)].map { pubKey, source, target in
            #"{"pubkey":"\#(pubKey.hex)","signed_blocks":[],"signed_attestations":"#
                + #"[{"source_epoch":"\#(source)","target_epoch":"\#(target)"}]}"#
        }
        #expect(text == #"{"metadata":\#(metadata),"data":[\#(rows.joined(separator: ","))]}"#)
    }

    @Test("reads what it wrote; roots are then unknown")
    func roundTrip() throws {
        let marks = [key(2): watermark(7, 8, 1), key(1): watermark(3, 4, 2)]
        let bytes = Interchange.export(marks, genesisValidatorsRoot: chain).bytes()
        let fresh = try Interchange.read(bytes, genesisValidatorsRoot: chain, current: [:])
        #expect(fresh.raised == [key(2): watermark(7, 8, 0), key(1): watermark(3, 4, 0)])
        #expect(fresh.validators == 2)
        // Into the journal that wrote it: nothing changes.
        #expect(try Interchange.read(bytes, genesisValidatorsRoot: chain, current: marks).raised.isEmpty)
    }

    @Test("takes the highest source and the highest target of a complete history")
    func history() throws {
        let text = file(
            """
            {"source_epoch": "2290", "target_epoch": "3007", "signing_root": "\(root(1).hex)"},
            {"source_epoch": "2995", "target_epoch": "3006"}
            """, blocks: #"{"slot": "81952"}, {"slot": "81951"}"#)
        let result = try read(text)
        #expect(result.raised == [key(1): watermark(2995, 3007, 0)])
        #expect(result.blocksIgnored == 2)
    }

    @Test("never lowers, and keeps the root of an unchanged target")
    func merge() throws {
        func merged(_ source: Int, _ target: Int) throws -> AttestationWatermark? {
            let text = file(#"{"source_epoch": "\#(source)", "target_epoch": "\#(target)"}"#)
            return try read(text, [key(1): watermark(5, 10, 1)]).raised[key(1)]
        }
        #expect(try merged(4, 9) == nil)
        #expect(try merged(5, 10) == nil)
        #expect(try merged(6, 10) == watermark(6, 10, 1))
        #expect(try merged(6, 9) == watermark(6, 10, 1))
        #expect(try merged(4, 11) == watermark(5, 11, 0))
    }

    @Test("an imported target admits no further vote for it")
    func journalled() async throws {
        let folder = Folder()
        let journal = try folder.open()
        let imported = try read(file(#"{"source_epoch": "5", "target_epoch": "10"}"#))
        try await journal.commit(imported.raised.map { .attestationWatermark($0.key, $0.value) })
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
        for bad in [
            "", "[]", good + "x", good.replacing("0xc0", with: "0xc"), good.replacing("source_epoch", with: "source"),
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
