import NIOCore
import Secp256k1

/// Turns a raw byte pipe into an authenticated, encrypted one with an agreed muxer.
///
///     security (multistream: /noise) → handshake (noise XX) → [muxer (multistream: /yamux/1.0.0)] → upgraded
///
/// The muxer round is left out when both sides named yamux inside the handshake. After an error the value is dead.
/// Source: spec/p2p.md §3, §4.2.
package struct Upgrade: ~Copyable {
    package static let securityID = "/noise"
    package static let muxerID = "/yamux/1.0.0"

    package enum Failure: Error, Equatable, Sendable {
        case negotiation(Multistream.Failure)
        case noise(NoiseError)
        /// Bytes after the end or after an error.
        case over
    }

    private enum Negotiation {
        case dialer(MultistreamDialer)
        case listener(MultistreamListener)
    }

    private enum Stage: ~Copyable {
        case security(Negotiation)
        case handshake(NoiseHandshake)
        case muxer(NoiseSession, Negotiation, plaintext: ByteBuffer)
        case over
    }

    package let role: Yamux.Role
    private let identity: PrivateKey
    private let expectedPeer: PeerID?
    private var stage: Stage

    /// - Parameter expectedPeer: whom we dial; nil as listener.
    package init(role: Yamux.Role, identity: PrivateKey, expectedPeer: PeerID?) {
        self.role = role
        self.identity = identity
        self.expectedPeer = expectedPeer
        stage = .security(Self.negotiation(role, Self.securityID))
    }

    /// What a dialer sends first; a listener waits.
    package func start(into output: inout ByteBuffer) {
        guard role == .dialer else { return }
        MultistreamDialer(proposals: [Self.securityID]).start(into: &output)
    }

    /// Works on `input`; what it leaves there is an incomplete message. Call again with more.
    ///
    /// - Returns: the result, once; `input` then holds ciphertext of the session.
    package mutating func receive(
        _ input: inout ByteBuffer, output: inout ByteBuffer
    ) throws(Failure) -> UpgradedConnection? {
        while true {
            var taken = Stage.over
            swap(&taken, &stage)
            switch consume taken {
            case .security(let negotiation):
                guard let next = try negotiate(negotiation, Self.securityID, &input, &output) else {
                    stage = .handshake(startHandshake(&output))
                    continue
                }
                stage = .security(next)
                return nil
            case .handshake(let handshake):
                guard let session = try shake(handshake, &input, &output) else { return nil }
                if session.muxer == Self.muxerID {
                    return UpgradedConnection(
                        peer: session.peer, transport: session.transport, plaintext: ByteBuffer(), isMuxerEarly: true)
                }
                stage = .muxer(
                    try startMuxer(session, &output), Self.negotiation(role, Self.muxerID), plaintext: .init())
            case .muxer(let session, let negotiation, let plaintext):
                return try selectMuxer(session, negotiation, plaintext, &input, &output)
            case .over: throw .over
            }
        }
    }

    private static func negotiation(_ role: Yamux.Role, _ id: String) -> Negotiation {
        switch role {
        case .dialer: .dialer(MultistreamDialer(proposals: [id]))
        case .listener: .listener(MultistreamListener())
        }
    }

    /// - Returns: the negotiation to go on with, nil when `id` is agreed.
    private func negotiate(
        _ negotiation: Negotiation, _ id: String, _ input: inout ByteBuffer, _ output: inout ByteBuffer
    ) throws(Failure) -> Negotiation? {
        do throws(Multistream.Failure) {
            switch negotiation {
            case .dialer(var dialer):
                return try dialer.receive(&input, output: &output) == nil ? .dialer(dialer) : nil
            case .listener(var listener):
                let agreed = try listener.receive(&input, output: &output) { $0 == id }
                return agreed == nil ? .listener(listener) : nil
            }
        } catch { throw .negotiation(error) }
    }

    private func startHandshake(_ output: inout ByteBuffer) -> NoiseHandshake {
        var handshake = NoiseHandshake(
            role: role == .dialer ? .initiator : .responder, identity: identity, muxers: [Self.muxerID],
            expectedPeer: expectedPeer)
        if role == .dialer { NoiseFrame.write(handshake.start(), into: &output) }
        return handshake
    }

    private mutating func shake(
        _ initial: consuming NoiseHandshake, _ input: inout ByteBuffer, _ output: inout ByteBuffer
    ) throws(Failure) -> NoiseSession? {
        var handshake = initial
        do throws(NoiseError) {
            while let message = try NoiseFrame.read(&input, bytesMax: NoiseHandshake.messageBytesMax) {
                switch try handshake.receive(message) {
                case .reply(let reply): NoiseFrame.write(reply, into: &output)
                case .established(let session, let reply):
                    if let reply { NoiseFrame.write(reply, into: &output) }
                    return session
                }
            }
        } catch { throw .noise(error) }
        stage = .handshake(handshake)
        return nil
    }

    private func startMuxer(
        _ initial: consuming NoiseSession, _ output: inout ByteBuffer
    ) throws(Failure) -> NoiseSession {
        var session = initial
        guard role == .dialer else { return session }
        var opening = ByteBuffer()
        MultistreamDialer(proposals: [Self.muxerID]).start(into: &opening)
        do { try session.transport.seal(&opening, into: &output) } catch { throw .noise(error) }
        return session
    }

    private mutating func selectMuxer(
        _ initial: consuming NoiseSession, _ negotiation: Negotiation, _ pending: ByteBuffer,
        _ input: inout ByteBuffer, _ output: inout ByteBuffer
    ) throws(Failure) -> UpgradedConnection? {
        var session = initial
        var plaintext = pending
        var negotiation = negotiation
        do {
            // Frame by frame: what follows the agreement belongs to the muxer, and stays ciphertext where it can.
            while try session.transport.open(&input, into: &plaintext) {
                var reply = ByteBuffer()
                let next = try negotiate(negotiation, Self.muxerID, &plaintext, &reply)
                try session.transport.seal(&reply, into: &output)
                guard let next else {
                    return UpgradedConnection(
                        peer: session.peer, transport: session.transport, plaintext: plaintext, isMuxerEarly: false)
                }
                negotiation = next
            }
        } catch let error as NoiseError { throw .noise(error) } catch let error as Failure { throw error } catch {
            preconditionFailure("\(error)")
        }
        stage = .muxer(session, negotiation, plaintext: plaintext)
        return nil
    }
}

/// What a finished upgrade yields: bytes for yamux that are already decrypted, and the cipher for the rest.
package struct UpgradedConnection: ~Copyable {
    package let peer: PeerID
    package var transport: NoiseTransport
    package let plaintext: ByteBuffer
    /// Agreed on inside the handshake, without a round of its own.
    package let isMuxerEarly: Bool
}
