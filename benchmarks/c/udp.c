/* recvmmsg in C: what a careful ordinary receiver does. 64 datagrams a call, no time stamps asked for. */
#include "wire.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#define MOST 1024
#define CHUNK 2048

static uint8_t buffers[MOST][CHUNK];
static struct mmsghdr messages[MOST];
static struct iovec vectors[MOST];

int main(int argc, char **argv) {
    start(argc, argv);
    if (opt.batch > MOST) opt.batch = MOST;
    int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &opt.buffer_bytes, 4)) fail("SO_RCVBUFFORCE");
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(opt.port)};
    name.sin_addr.s_addr = inet_addr(opt.group);
    if (bind(fd, (struct sockaddr *)&name, sizeof name)) fail("bind");
    struct ip_mreq group = {.imr_multiaddr = name.sin_addr};
    group.imr_interface.s_addr = inet_addr(opt.host);
    if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group)) fail("IP_ADD_MEMBERSHIP");
    for (int i = 0; i < opt.batch; i++) {
        vectors[i] = (struct iovec){buffers[i], CHUNK};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    struct pollfd waits = {.fd = fd, .events = POLLIN};
    int64_t received = 0;
    board[READY] = 1;
    while (!board[STOP]) {
        int got = recvmmsg(fd, messages, opt.batch, MSG_DONTWAIT, NULL);
        if (got <= 0) {
            if (opt.busy) look_again();
            else poll(&waits, 1, 50);
            continue;
        }
        for (int i = 0; i < got; i++) take(buffers[i]);
        received += got;
        board[RECEIVED] = received;
    }
    return 0;
}
