/* An ELF without a boot protocol: says what its registers hold and reports 0. */
        .intel_syntax noprefix
        .globl start
        .section .text
start:  or      eax, ebx
        or      eax, ecx
        or      eax, edx
        or      eax, esi
        or      eax, edi
        or      eax, ebp
        setz    al                      /* all are zero */
        add     al, '0'
        mov     dx, 0x3f8
        out     dx, al
        push    ds                      /* a stack, and a table that DS can be reloaded from */
        pop     eax
        mov     ds, eax
        shr     al, 3
        add     al, '0'
        out     dx, al
        mov     al, 10
        out     dx, al
        mov     al, 0
        out     0xf4, al
        cli
        hlt
