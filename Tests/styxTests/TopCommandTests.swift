import ArgumentParser
import Program
import Testing

@testable import styx

@Suite("styx top")
struct TopCommandTests {
    @Test("asks where the node's debug address says, on loopback where that is every address")
    func url() throws {
        for (address, url) in [
            ("127.0.0.1:3630", "http://127.0.0.1:3630/debug/live"), (":3630", "http://127.0.0.1:3630/debug/live"),
            ("0.0.0.0:1", "http://127.0.0.1:1/debug/live"), ("[::]:1", "http://[::1]:1/debug/live"),
            ("10.0.0.7:99", "http://10.0.0.7:99/debug/live"),
        ] {
            #expect(try TopCommand.url(address) == url)
        }
        let error = #expect(throws: ConfigurationError.self) { try TopCommand.url("node.example") }
        #expect(error?.flag == "debug-address")
    }

    @Test("the node's variable is its default, and bad pauses are refused")
    func flags() throws {
        func top(_ arguments: [String], _ environment: [String: String] = [:]) throws -> TopCommand? {
            try Styx.parseAsRoot(EnvironmentArguments.expand(["top"] + arguments, environment: environment).arguments)
                as? TopCommand
        }
        #expect(try top([])?.debugAddress == "127.0.0.1:3630")
        #expect(try top([], ["CHARON_DEBUG_ADDRESS": "127.0.0.1:7"])?.debugAddress == "127.0.0.1:7")
        #expect(try top(["--once"])?.once == true)
        #expect(throws: (any Error).self) { try top(["--interval", "1ms"]) }
    }

    @Test("the locale says whether a terminal shows more than ASCII, in POSIX's order")
    func locale() {
        for (environment, isUnicode) in [
            ([:], false), (["LANG": "C"], false), (["LANG": "en_US.UTF-8"], true), (["LC_CTYPE": "C.utf8"], true),
            (["LC_ALL": "C", "LANG": "en_US.UTF-8"], false), (["LC_ALL": "", "LANG": "de_DE.utf-8"], true),
        ] as [([String: String], Bool)] {
            #expect(TopTerminal.isUnicode(environment) == isUnicode, "\(environment)")
        }
    }
}
