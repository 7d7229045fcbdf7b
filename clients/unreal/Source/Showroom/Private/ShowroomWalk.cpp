#include "ShowroomWalk.h"

#include "Engine/Engine.h"
#include "Engine/World.h"
#include "GameFramework/DefaultPawn.h"
#include "GameFramework/PlayerController.h"

namespace
{
constexpr float ReadingSeconds = 12;
constexpr double EyesAboveFloor = 159;  // centimetres, of a body of 1.70 m
}  // namespace

AShowroomWalk::AShowroomWalk()
{
    PrimaryActorTick.bCanEverTick = true;
    DefaultPawnClass = ADefaultPawn::StaticClass();
}

void AShowroomWalk::BeginPlay()
{
    Super::BeginPlay();
    Visit = GetWorld()->SpawnActor<AShowroomVisit>();
    Visit->OnReply.AddDynamic(this, &AShowroomWalk::Told);
    Visit->OnProblem.AddDynamic(this, &AShowroomWalk::Told);
    Visit->OnRoom.AddDynamic(this, &AShowroomWalk::InRoom);
}

void AShowroomWalk::Tick(float Seconds)
{
    Super::Tick(Seconds);
    APlayerController* Player = GetWorld()->GetFirstPlayerController();
    APawn* Pawn = Player ? Player->GetPawn() : nullptr;
    if (!Pawn || Visit->Head) return;
    FVector Place = Pawn->GetActorLocation();
    Place.Z = EyesAboveFloor;
    Pawn->SetActorLocation(Place);
    Visit->Head = Pawn->GetRootComponent();  // it turns with the view
}

void AShowroomWalk::Say(const FString& Text)
{
    Visit->Say(Text);
}

void AShowroomWalk::Together(const FString& Room)
{
    Visit->JoinRoom(TEXT("guest"), Room, TEXT("change"));
}

void AShowroomWalk::Told(const FString& Text)
{
    if (GEngine) GEngine->AddOnScreenDebugMessage(-1, ReadingSeconds, FColor::White, Text);
}

void AShowroomWalk::InRoom(const FString& Room)
{
    Told(Room.IsEmpty() ? FString(TEXT("alone again")) : TEXT("room ") + Room);
}
