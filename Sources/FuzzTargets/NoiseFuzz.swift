import Crypto
import Libp2p
import NIOCore
import Secp256k1

/// Noise between node 0 (initiator) and node 1 (responder), with constant keys so that corpora hold real messages.
enum NoiseFuzz {
    private static let muxers = ["/yamux/1.0.0"]

    private static func key(_ byte: UInt8) -> Curve25519.KeyAgreement.PrivateKey {
        guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: [UInt8](repeating: byte, count: 32))
        else { preconditionFailure("any 32 bytes are a key") }
        return key
    }

    private static func peer(_ index: Int) -> PeerID { PeerID(Known.keys[index].publicKey) }

    private static func initiator() -> NoiseHandshake {
        NoiseHandshake(
            role: .initiator, identity: Known.keys[0], muxers: muxers, expectedPeer: peer(1), staticKey: key(0x11),
            ephemeralKey: key(0x12))
    }

    private static func responder() -> NoiseHandshake {
        NoiseHandshake(
            role: .responder, identity: Known.keys[1], muxers: muxers, expectedPeer: nil, staticKey: key(0x21),
            ephemeralKey: key(0x22))
    }

    /// The three messages of the undisturbed handshake.
    static let messages: [[UInt8]] = {
        var a = initiator()
        var b = responder()
        let first = a.start()
        guard case .reply(let second) = try? b.receive(first), case .established(_, let third?) = try? a.receive(second)
        else { preconditionFailure("an honest handshake") }
        return [first, second, third].map { Array($0.readableBytesView) }
    }()

    /// Byte 0: which message it is; then the message as it comes from the network.
    static func handshake(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let number = source.choice(3)
        let message = source.rest()
        var machine: NoiseHandshake
        switch number {
        case 0: machine = responder()
        case 1:
            machine = initiator()
            _ = machine.start()
        default:
            machine = responder()
            _ = try? machine.receive(ByteBuffer(bytes: messages[0]))
        }
        do {
            switch try machine.receive(ByteBuffer(bytes: message)) {
            case .reply(let reply):
                precondition(number == 0 && message.count == 32 && reply.readableBytes < 1024)
                return "reply"
            case .established(let session, let reply):
                // Authentic: nobody but node 0 or 1 can have made it, and it is the constant one.
                precondition(session.peer == peer(number == 1 ? 1 : 0) && (reply != nil) == (number == 1))
                precondition(message == messages[number], "another message with a valid tag")
                return "established"
            }
        } catch {
            let again: String
            do {
                _ = try machine.receive(ByteBuffer(bytes: messages[number]))
                again = "works"
            } catch let second { again = second == .unexpectedMessage ? "dead" : "\(second)" }
            precondition(again == "dead", "a failed handshake goes on: \(again)")
            return "\(number)" + word(error)
        }
    }

    private static let staticKey = [UInt8](repeating: 0x33, count: 32)

    static let validPayload = NoisePayload.encode(identity: Known.keys[2], staticKey: staticKey, muxers: muxers)

    /// All of it is the decrypted payload of message 2 or 3.
    static func payload(_ bytes: [UInt8]) -> String {
        outcome {
            let payload = try NoisePayload(ByteBuffer(bytes: bytes), staticKey: staticKey)
            precondition(payload.identity == peer(2), "accepted an identity that never signed")
            precondition(payload.muxers.count <= NoisePayload.muxersMax)
            return "ok\(min(payload.muxers.count, 2))"
        }
    }

    /// Byte 0: 0 the rest are frames of the network; else frames are sealed, and tampered with as the bytes say: what
    /// comes out is a prefix of what went in.
    static func frames(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        var a = initiator()
        var b = responder()
        _ = a.start()
        guard case .reply(let second) = try? b.receive(ByteBuffer(bytes: messages[0])),
            case .established(var dialer, let third?) = try? a.receive(second),
            case .established(var listener, _) = try? b.receive(third)
        else { preconditionFailure("an honest handshake") }
        guard source.flag() else { return open(&listener.transport, source.pieces(), sent: []) }

        var frames: [[UInt8]] = []
        var sent: [UInt8] = []
        for _ in 0..<1 + source.choice(4) {
            let text = [UInt8](repeating: source.byte(), count: source.choice(200))
            var (plaintext, sealed) = (ByteBuffer(bytes: text), ByteBuffer())
            guard (try? dialer.transport.seal(&plaintext, into: &sealed)) != nil else { preconditionFailure("seal") }
            frames.append(Array(sealed.readableBytesView))
            sent += text
        }
        switch source.choice(6) {
        case 0: frames.swapAt(source.choice(frames.count), source.choice(frames.count))
        case 1: frames.insert(frames[source.choice(frames.count)], at: source.choice(frames.count))
        case 2: frames.remove(at: source.choice(frames.count))
        case 3:
            let frame = source.choice(frames.count)
            if !frames[frame].isEmpty {
                frames[frame][source.choice(frames[frame].count)] ^= 1 << UInt8(source.choice(8))
            }
        default: break
        }
        return open(&listener.transport, frames + [source.rest()], sent: sent)
    }

    private static func open(_ transport: inout NoiseTransport, _ pieces: [[UInt8]], sent: [UInt8]) -> String {
        var (input, plaintext) = (ByteBuffer(), ByteBuffer())
        defer { precondition(sent.starts(with: plaintext.readableBytesView), "plaintext nobody sent") }
        do {
            for piece in pieces {
                input.writeBytes(piece)
                while try transport.open(&input, into: &plaintext) {}
                precondition(input.readableBytes < NoiseFrame.bytesMax + 2, "a whole frame was left")
            }
        } catch { return word(error) }
        return plaintext.readableBytes == sent.count ? "all" : "some"
    }

    /// Byte 0: role; then how the stream is cut, then the stream from the network.
    static func upgrade(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let isDialer = source.flag()
        var machine = Upgrade(
            role: isDialer ? .dialer : .listener, identity: Known.keys[0], expectedPeer: isDialer ? peer(1) : nil)
        var (input, output) = (ByteBuffer(), ByteBuffer())
        machine.start(into: &output)
        var error: Upgrade.Failure?
        for piece in source.pieces() {
            input.writeBytes(piece)
            do throws(Upgrade.Failure) {
                // Ephemeral keys are fresh: nothing recorded can finish.
                guard try machine.receive(&input, output: &output) == nil else { preconditionFailure("upgraded") }
                precondition(error == nil, "goes on after an error")
            } catch let new {
                precondition(error == nil || new == .over, "two errors: \(new)")
                error = error ?? new
            }
            if error == nil { precondition(input.readableBytes <= 4098, "\(input.readableBytes) bytes wait") }
        }
        precondition(output.readableBytes < 8192)
        return error.map(word) ?? "waits"
    }
}
