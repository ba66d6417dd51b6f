import Crypto
import NIOCore
import Secp256k1

/// One side of `Noise_XX_25519_ChaChaPoly_SHA256` with libp2p's identity payload.
///
///     initiator                         responder
///     e                       ────►                       idle → sentKey
///                             ◄────     e, ee, s, es, payload
///     s, se, payload          ────►                       finished on both sides
///
/// Messages are without their two-byte length. After an error the value is dead. Source: spec/p2p.md §4.1.
package struct NoiseHandshake: ~Copyable {
    package enum Role: Sendable { case initiator, responder }

    /// A payload is about 170 bytes; this leaves room for extensions.
    package static let messageBytesMax = 4096
    static let keyBytes = 32

    package enum OnMessage: ~Copyable {
        case reply(ByteBuffer)
        /// The peer has proved who it is. An initiator sends `reply` first.
        case established(NoiseSession, reply: ByteBuffer?)
    }

    private enum State: ~Copyable {
        case awaitingFirst(NoiseSymmetricState)
        case awaitingSecond(NoiseSymmetricState)
        case awaitingThird(NoiseSymmetricState)
        case over
    }

    private let role: Role
    private let identity: PrivateKey
    private let muxers: [String]
    private let expectedPeer: PeerID?
    private let staticKey: Curve25519.KeyAgreement.PrivateKey
    private let ephemeralKey: Curve25519.KeyAgreement.PrivateKey
    private var remoteEphemeral: Curve25519.KeyAgreement.PublicKey?
    private var state: State

    /// - Parameters:
    ///   - expectedPeer: whom we dialed; nil accepts anyone.
    ///   - staticKey, ephemeralKey: fresh ones for every handshake; arguments for tests only.
    package init(
        role: Role, identity: PrivateKey, muxers: [String], expectedPeer: PeerID?,
        staticKey: Curve25519.KeyAgreement.PrivateKey = .init(),
        ephemeralKey: Curve25519.KeyAgreement.PrivateKey = .init()
    ) {
        self.role = role
        self.identity = identity
        self.muxers = muxers
        self.expectedPeer = expectedPeer
        self.staticKey = staticKey
        self.ephemeralKey = ephemeralKey
        state = .awaitingFirst(NoiseSymmetricState())
    }

    /// The initiator's first message. Call once, as initiator.
    package mutating func start() -> ByteBuffer {
        precondition(role == .initiator)
        switch takeState() {
        case .awaitingFirst(var symmetric):
            let ephemeral = ephemeralKey.publicKey.rawRepresentation
            symmetric.mixHash(ephemeral)
            symmetric.mixHash([])
            state = .awaitingSecond(symmetric)
            return ByteBuffer(bytes: ephemeral)
        default: preconditionFailure("started twice")
        }
    }

    package mutating func receive(_ message: ByteBuffer) throws(NoiseError) -> OnMessage {
        guard message.readableBytes <= Self.messageBytesMax else {
            _ = takeState()
            throw .messageTooLong(message.readableBytes)
        }
        switch takeState() {
        case .awaitingFirst(let symmetric):
            guard role == .responder else { throw .unexpectedMessage }
            return try receiveFirst(message, symmetric)
        case .awaitingSecond(let symmetric): return try receiveSecond(message, symmetric)
        case .awaitingThird(let symmetric): return try receiveThird(message, symmetric)
        case .over: throw .unexpectedMessage
        }
    }

    /// Leaves `.over` behind: whoever does not set a new state has ended the handshake.
    private mutating func takeState() -> State {
        var taken = State.over
        swap(&taken, &state)
        return taken
    }

    private mutating func receiveFirst(
        _ message: ByteBuffer, _ initial: consuming NoiseSymmetricState
    ) throws(NoiseError) -> OnMessage {
        var symmetric = initial
        var rest = message
        let remote = try Self.readKey(&rest)
        guard rest.readableBytes == 0 else { throw .unexpectedPayload }
        symmetric.mixHash(remote.rawRepresentation)
        symmetric.mixHash([])
        remoteEphemeral = remote

        var reply = ByteBuffer(bytes: ephemeralKey.publicKey.rawRepresentation)
        symmetric.mixHash(ephemeralKey.publicKey.rawRepresentation)
        symmetric.mixKey(try Self.agree(ephemeralKey, remote))
        try symmetric.encryptAndHash(publicStatic, into: &reply)
        symmetric.mixKey(try Self.agree(staticKey, remote))
        try symmetric.encryptAndHash(payload, into: &reply)
        state = .awaitingThird(symmetric)
        return .reply(reply)
    }

    private mutating func receiveSecond(
        _ message: ByteBuffer, _ initial: consuming NoiseSymmetricState
    ) throws(NoiseError) -> OnMessage {
        var symmetric = initial
        var rest = message
        let remote = try Self.readKey(&rest)
        symmetric.mixHash(remote.rawRepresentation)
        symmetric.mixKey(try Self.agree(ephemeralKey, remote))
        let remoteStatic = try Self.readStatic(&rest, &symmetric)
        symmetric.mixKey(try Self.agree(ephemeralKey, remoteStatic))
        let received = try verify(symmetric.decryptAndHash(rest), remoteStatic)

        var reply = ByteBuffer()
        try symmetric.encryptAndHash(publicStatic, into: &reply)
        symmetric.mixKey(try Self.agree(staticKey, remote))
        try symmetric.encryptAndHash(payload, into: &reply)
        let muxer = muxers.first { received.muxers.contains($0) }
        return .established(
            NoiseSession(peer: received.identity, muxer: muxer, ciphers: symmetric.split(), role: role), reply: reply)
    }

    private func receiveThird(
        _ message: ByteBuffer, _ initial: consuming NoiseSymmetricState
    ) throws(NoiseError) -> OnMessage {
        var symmetric = initial
        var rest = message
        let remoteStatic = try Self.readStatic(&rest, &symmetric)
        symmetric.mixKey(try Self.agree(ephemeralKey, remoteStatic))
        let received = try verify(symmetric.decryptAndHash(rest), remoteStatic)
        // The initiator's order decides.
        let muxer = received.muxers.first { muxers.contains($0) }
        return .established(
            NoiseSession(peer: received.identity, muxer: muxer, ciphers: symmetric.split(), role: role), reply: nil)
    }

    private var publicStatic: [UInt8] { Array(staticKey.publicKey.rawRepresentation) }

    private var payload: [UInt8] {
        NoisePayload.encode(identity: identity, staticKey: publicStatic, muxers: muxers)
    }

    private func verify(
        _ bytes: ByteBuffer, _ remoteStatic: Curve25519.KeyAgreement.PublicKey
    ) throws(NoiseError) -> NoisePayload {
        let received = try NoisePayload(bytes, staticKey: Array(remoteStatic.rawRepresentation))
        if let expectedPeer, received.identity != expectedPeer { throw .wrongPeer(received.identity) }
        return received
    }

    private static func readKey(_ rest: inout ByteBuffer) throws(NoiseError) -> Curve25519.KeyAgreement.PublicKey {
        guard let bytes = rest.readBytes(length: keyBytes),
            let key = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
        else { throw .truncated }
        return key
    }

    private static func readStatic(
        _ rest: inout ByteBuffer, _ symmetric: inout NoiseSymmetricState
    ) throws(NoiseError) -> Curve25519.KeyAgreement.PublicKey {
        guard let sealed = rest.readSlice(length: keyBytes + NoiseCipher.tagBytes) else { throw .truncated }
        var plain = try symmetric.decryptAndHash(sealed)
        return try readKey(&plain)
    }

    private static func agree(
        _ mine: Curve25519.KeyAgreement.PrivateKey, _ theirs: Curve25519.KeyAgreement.PublicKey
    ) throws(NoiseError) -> SharedSecret {
        guard let secret = try? mine.sharedSecretFromKeyAgreement(with: theirs),
            // BoringSSL refuses small orders, swift-crypto does not pass its verdict on.
            secret.withUnsafeBytes({ $0.reduce(0, |) }) != 0
        else { throw .weakKey }
        return secret
    }
}

/// A finished handshake.
package struct NoiseSession: ~Copyable {
    package let peer: PeerID
    /// Agreed inside the handshake: it starts at once, with no multistream round. Source: spec/p2p.md §4.2.
    package let muxer: String?
    package var transport: NoiseTransport

    init(peer: PeerID, muxer: String?, ciphers: consuming NoiseCipherPair, role: NoiseHandshake.Role) {
        self.peer = peer
        self.muxer = muxer
        transport = NoiseTransport(ciphers, role: role)
    }
}
