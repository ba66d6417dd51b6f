import NIOCore
import SSZ
import Secp256k1

@testable import Libp2p

/// The same key for the same number: 32 bytes, all `byte`.
func key(_ byte: UInt8) -> PrivateKey {
    guard let key = try? PrivateKey([UInt8](repeating: byte, count: 32)) else { preconditionFailure("1...254") }
    return key
}

func peer(_ byte: UInt8) -> PeerID { PeerID(key(byte).publicKey) }

extension ByteBuffer {
    /// All readable bytes.
    var array: [UInt8] { Array(readableBytesView) }

    /// A prefix and the rest.
    func split(at index: Int) -> (ByteBuffer, ByteBuffer) {
        (ByteBuffer(bytes: array.prefix(index)), ByteBuffer(bytes: array.dropFirst(index)))
    }
}
