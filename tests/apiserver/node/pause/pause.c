/* What holds a pod's namespaces: the first process of each sandbox, which waits until it is killed. */
#include <unistd.h>

int main(void)
{
    for (;;)
        pause();
}
