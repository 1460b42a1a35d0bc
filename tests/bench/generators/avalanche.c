/* avalanche: power comes back in a building. Every phone has a socket and a Call-ID of its own, begins at its moment
 * within --within seconds, and registers with the full exchange: REGISTER, 401, REGISTER with credentials, 200. A request
 * is repeated by RFC 3261 (T1 500 ms, doubling to 4 s, given up after 32 s); after a 503 or a lost exchange the phone
 * comes back, after Retry-After seconds where they are told, else after 30 s. It ends when all are registered. */
#include "common.h"
#include <sys/epoll.h>

enum { WAITING, ASKING, PROVING, REGISTERED };
typedef struct {
    int fd, port, st, len, tries; uint32_t rto, branch;
    uint64_t t0, tx, due;            /* first message of this try; last message; when a waiting one begins */
    uint64_t began;                  /* its very first message */
    char buf[1400];
} phone_t;

static struct { const char *host, *csv; int port, users, sync, offset; double within, limit; } o = {"127.0.0.1", NULL, 5060, 2000, 0, 0, 2, 300};
static user_t *U; static phone_t *P; static int NU;
static long codes[700], n_retx, n_tx, n_lost, n_done, n_dup; static lat_t Lone, Lall; static unsigned run_id;

static void put(phone_t *p) { if (send(p->fd, p->buf, p->len, 0) < 0 && errno == EAGAIN) usleep(100); p->tx = now_us(); n_tx++; }

static void say(int i, int code) {
    phone_t *p = &P[i]; user_t *u = &U[i]; char uri[96], auth[1024] = "";
    snprintf(uri, sizeof uri, "sip:%s", u->domain);
    if (code) put_auth(auth, sizeof auth, u, "REGISTER", uri, code);
    p->st = code ? PROVING : ASKING; p->rto = 500000; p->branch++;
    p->len = snprintf(p->buf, sizeof p->buf,
        "REGISTER %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK-%x-%x-%x;rport\r\nMax-Forwards: 70\r\n"
        "From: <sip:%s@%s>;tag=%x%x\r\nTo: <sip:%s@%s>\r\nCall-ID: %08x%08x@127.0.0.1\r\nCSeq: %u REGISTER\r\n"
        "Contact: <sip:%s@127.0.0.1:%d>\r\nExpires: 3600\r\n%sAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, INFO, UPDATE\r\n"
        "Supported: replaces, path, outbound, gruu\r\nUser-Agent: BenchPhone/1.0 (avalanche)\r\nContent-Length: 0\r\n\r\n",
        uri, p->port, i, p->branch, run_id, u->name, u->domain, run_id, i, u->name, u->domain, run_id, i, u->cseq++, u->name, p->port, auth);
    put(p);
}
static void again(int i, int seconds) { P[i].st = WAITING; P[i].due = now_us() + (uint64_t)seconds * 1000000; P[i].tries++; }

static void heard(int i, const char *b, int n) {
    phone_t *p = &P[i]; user_t *u = &U[i]; const char *end = b + n, *ve, *pos = NULL; char mine[64];
    if (n < 16 || memcmp(b, "SIP/2.0 ", 8)) return;
    int code = atoi(b + 8), k = snprintf(mine, sizeof mine, "branch=z9hG4bK-%x-%x-%x;", i, p->branch, run_id);
    if (code < 200 || code > 699) return;
    if (p->st == WAITING || p->st == REGISTERED || !memmem(b, n, mine, k)) { n_dup++; return; }
    codes[code]++;
    if (code == 401 && p->st == ASKING && take_challenge(u, b, end, code, 0)) { say(i, code); return; }
    if (code == 200) {
        uint64_t t = now_us();
        p->st = REGISTERED; n_done++; lat_add(&Lone, t - p->t0); lat_add(&Lall, t - p->began);
        return;
    }
    const char *after = hdr_next(b, end, &pos, "Retry-After", 0, &ve);
    again(i, after ? atoi(after) : 30);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (ARG("--server")) { static char h[64]; snprintf(h, 64, "%s", a); char *c = strchr(h, ':'); if (c) { *c = 0; o.port = atoi(c + 1); } o.host = h; }
        else if (ARG("--csv")) o.csv = a;
        else if (ARG("--users")) o.users = atoi(a);
        else if (ARG("--within")) o.within = atof(a);
        else if (ARG("--limit")) o.limit = atof(a);
        else { fprintf(stderr, "avalanche --server IP:PORT --csv users.csv [--users N] [--within S] [--limit S]\n"); return 2; }
    }
    if (!o.csv) { fprintf(stderr, "--csv is needed\n"); return 2; }
    struct rlimit files = {o.users + 64, o.users + 64}; setrlimit(RLIMIT_NOFILE, &files);
    U = load_users(o.csv, o.users, &NU); P = calloc(NU, sizeof *P);
    run_id = (unsigned)(time(NULL) * 2654435761u) ^ (unsigned)getpid(); srandom(run_id);
    struct sockaddr_in d = {.sin_family = AF_INET, .sin_port = htons(o.port)}; inet_pton(AF_INET, o.host, &d.sin_addr);
    int ep = epoll_create1(0);
    for (int i = 0; i < NU; i++) {
        int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (s < 0 || connect(s, (void *)&d, sizeof d)) { perror("socket"); return 2; }
        P[i].fd = s; P[i].port = sock_port(s);
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = i}; epoll_ctl(ep, EPOLL_CTL_ADD, s, &e);
    }
    printf("READY\n"); fflush(stdout); if (getchar() == EOF) return 1;
    uint64_t t0 = now_us(), t_scan = 0; static struct epoll_event ev[256]; static char b[BUFSZ];
    for (int i = 0; i < NU; i++) P[i].due = t0 + (uint64_t)(o.within * 1e6 * i / NU);
    while (n_done < NU && now_us() - t0 < o.limit * 1e6) {
        int r = epoll_wait(ep, ev, 256, 1);
        for (int j = 0; j < r; j++) {
            int i = ev[j].data.u32, n;
            while ((n = recv(P[i].fd, b, sizeof b, 0)) > 0) heard(i, b, n);
        }
        uint64_t t = now_us();
        if (t - t_scan < 1000) continue;
        t_scan = t;
        for (int i = 0; i < NU; i++) {
            phone_t *p = &P[i];
            if (p->st == REGISTERED) continue;
            if (p->st == WAITING) { if (t >= p->due) { p->t0 = now_us(); if (!p->began) p->began = p->t0; say(i, 0); } continue; }
            if (t - p->t0 > 32000000) { n_lost++; again(i, 30); }
            else if (t > p->tx && t - p->tx > p->rto) { p->rto = p->rto * 2 > 4000000 ? 4000000 : p->rto * 2; n_retx++; put(p); }
        }
    }
    double el = (now_us() - t0) / 1e6;
    printf("{\"tool\":\"avalanche\",\"phones\":%d,\"registered\":%ld,\"elapsed\":%.3f,\"sent\":%ld,\"retx\":%ld,\"given_up\":%ld,\"late\":%ld,\"gen_cpu\":%.2f,", NU, n_done, el, n_tx, n_retx, n_lost, n_dup, self_cpu());
    lat_json(stdout, "exchange_us", &Lone); printf(","); lat_json(stdout, "until_registered_us", &Lall);
    printf(",\"codes\":{"); int first = 1;
    for (int k = 0; k < 700; k++) if (codes[k]) { printf("%s\"%d\":%ld", first ? "" : ",", k, codes[k]); first = 0; }
    printf("}}\n"); fflush(stdout);
    return n_done == NU ? 0 : 1;
}
