import Ethereum
import Foundation
import Program
import SSZ
import TestSupport
import Testing

@testable import Node

@Suite("flags of the keymanager API") struct KeymanagerFlagsTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func node(_ change: (inout NodeConfiguration) -> Void) -> NodeConfiguration {
        var node = NodeConfiguration()
        node.beaconNodeEndpoints = ["http://localhost:5052"]
        node.signing = .keystores
        node.keymanagerAddress = "127.0.0.1:3700"
        node.keymanagerTokenFile = directory.file("deep/token.txt")
        change(&node)
        return node
    }

    private func refused(_ change: (inout NodeConfiguration) -> Void) -> String? {
        do {
            let node = node(change)
            try node.validate()
            _ = try node.keymanager(tls: nil)
            return nil
        } catch { return error.flag }
    }

    @Test("what makes sense is taken, and off means off")
    func taken() throws {
        #expect(refused { _ in } == nil)
        #expect(refused { ($0.signing, $0.remoteSigner.urls) = (.remote, ["https://signer"]) } == nil)
        let off = node {
            $0.keymanagerAddress = ""
            $0.keymanagerTokenFile = ""
            $0.signing = .off
        }
        try off.validate()
        #expect(try off.keymanager(tls: nil).map { _ in true } == nil)
    }

    @Test("what makes no sense is refused by the flag's name")
    func refused() throws {
        #expect(refused { $0.signing = .off } == "keymanager-address")
        #expect(refused { $0.keymanagerAddress = "here" } == "keymanager-address")
        #expect(refused { $0.keymanagerTokenFile = "" } == "keymanager-token-file")
        #expect(refused { $0.keymanagerTokenFile = directory.path } == "keymanager-token-file")
        for text in ["", "short", "two words are not one token", String(repeating: "x", count: 9000)] {
            let path = try directory.write("bad.txt", Array(text.utf8))
            #expect(refused { $0.keymanagerTokenFile = path } == "keymanager-token-file")
        }
    }

    @Test("a token is made once, for its owner alone, and kept")
    func token() throws {
        let node = node { _ in }
        _ = try #require(try node.keymanager(tls: nil))
        let text = try directory.read("deep/token.txt")
        #expect(text.count == 66 && text.starts(with: Array("0x".utf8)))
        #expect(try directory.mode("deep/token.txt") == 0o600)
        _ = try node.keymanager(tls: nil)
        #expect(try directory.read("deep/token.txt") == text)
    }

    @Test("remote keys that were taken out of use stay so, and a damaged list is no empty one")
    func retired() throws {
        let path = directory.file("retired.json")
        let keys = Set((1...3).map { PubKey(padding: [$0]) })
        let list = try RetiredKeys(path: path)
        #expect(list.all.isEmpty)
        try list.replace(keys)
        #expect(list.all == keys)
        #expect(try RetiredKeys(path: path).all == keys)
        #expect(try directory.mode("retired.json") == 0o600)
        for text in ["", "{}", "[1]", "[\"0x12\"]"] {
            try directory.write("retired.json", Array(text.utf8))
            #expect(throws: ConfigurationError.self) { _ = try RetiredKeys(path: path) }
        }
    }
}
