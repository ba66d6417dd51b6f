import Glibc
import NIOCore
import Program
import Testing

@Suite("Addresses that cannot be listened on")
struct ListenFaultTests {
    private struct Oddity: Error, CustomStringConvertible {
        var description: String { "odd" }
    }

    @Test(
        "one sentence: flag, address, cause in the system's words, cure",
        arguments: [
            (
                EADDRINUSE,
                "Address already in use; end what listens there (`ss -ltnp` shows it), or take another port"
            ),
            (
                EACCES,
                "Permission denied; ports below 1024 want a privilege: take one above, or grant CAP_NET_BIND_SERVICE"
            ),
            (
                EADDRNOTAVAIL,
                "Cannot assign requested address; the address is none of this machine's: write one of them, "
                    + "or 0.0.0.0 for all"
            ),
            (EAFNOSUPPORT, "Address family not supported by protocol; choose another address"),
        ] as [(Int32, String)])
    func causes(code: Int32, text: String) {
        let error = IOError(errnoCode: code, reason: "bind(descriptor:ptr:bytes:)")
        let fault = ConfigurationError(flag: "p2p-tcp-address", address: "127.0.0.1:3610", cannotListen: error)
        #expect("\(fault)" == "--p2p-tcp-address 127.0.0.1:3610 cannot be listened on: \(text)")
    }

    @Test("a flag that may be empty says so; what is no error of a socket speaks for itself")
    func optional() {
        let fault = ConfigurationError(
            flag: "debug-address", address: "127.0.0.1:1", cannotListen: Oddity(), orNone: true)
        #expect(
            "\(fault)"
                == #"--debug-address 127.0.0.1:1 cannot be listened on: odd; choose another address, "#
                + #"or give "" for none"#)
    }
}
