import Glibc
import NIOCore
import Program
import Testing

@Suite("Why a socket could not be had")
struct SocketFaultTests {
    private struct Oddity: Error, CustomStringConvertible {
        var description: String { "odd" }
    }

    @Test(
        "in the system's words, without ours and without numbers",
        arguments: [
            (ECONNREFUSED, "Connection refused"), (EHOSTUNREACH, "No route to host"),
            (ECONNRESET, "Connection reset by peer"),
        ] as [(Int32, String)])
    func system(code: Int32, text: String) {
        let error = IOError(errnoCode: code, reason: "connection reset (error set)")
        #expect("\(SocketFault(error))" == text)
    }

    @Test("a connection that takes too long says how long; what is no error of a socket speaks for itself")
    func others() {
        #expect("\(SocketFault(ChannelError.connectTimeout(.seconds(10))))" == "no answer within 10s")
        #expect("\(SocketFault(Oddity()))" == "odd")
    }
}
