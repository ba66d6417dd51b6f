import Glibc
import NIOCore

extension ConfigurationError {
    /// An address that cannot be listened on.
    ///
    /// - Parameters:
    ///   - address: as the flag has it.
    ///   - error: of the socket.
    ///   - orNone: the flag may be given empty, for none.
    package init(flag: String, address: String, cannotListen error: any Error, orNone: Bool = false) {
        let cure =
            switch (error as? IOError)?.errnoCode {
            case EADDRINUSE: "end what listens there (`ss -ltnp` shows it), or take another port"
            case EACCES: "ports below 1024 want a privilege: take one above, or grant CAP_NET_BIND_SERVICE"
            case EADDRNOTAVAIL: "the address is none of this machine's: write one of them, or 0.0.0.0 for all"
            default: "choose another address"
            }
        self.init(
            flag: flag, what: "\(address) cannot be listened on: \(SocketFault(error))",
            cure: orNone ? cure + ", or give \"\" for none" : cure)
    }
}
